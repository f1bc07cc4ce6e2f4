"""Account lifecycle: verification, password recovery, changes, notices, deletion, and the mails for them."""
