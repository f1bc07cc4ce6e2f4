"""Administration: users, roles, invitations and the audit log, for whom roles give parts of it, and for operators."""
