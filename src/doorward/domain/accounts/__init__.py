"""The life of an account: verification, recovery, changes, notices, deletion, and the mail that they send."""
