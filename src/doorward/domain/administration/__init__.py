"""Administration: users, roles, invitations and the audit log, for operators and for users with admin scopes."""
