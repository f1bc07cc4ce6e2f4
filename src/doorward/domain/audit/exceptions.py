"""The errors of the audit log."""

from doorward.core.exceptions import DomainError, Kind


class AuditQueryTooBroadError(DomainError):
    """The search reached the database's time limit."""

    kind = Kind.INVALID
    code = "query_too_broad"
    detail = "The query took longer than its time limit."
