"""The root of all refusals: what went wrong, in terms that know nothing of HTTP."""

from enum import Enum, auto
from typing import ClassVar


class Kind(Enum):
    """The closed set of ways in which a call can fail."""

    INVALID = auto()
    UNAUTHENTICATED = auto()
    CONFLICT = auto()
    UNAVAILABLE = auto()


class DomainError(Exception):
    """A refusal. Each subclass is one outcome that a caller can tell apart.

    ``code`` is stable and part of the API; ``detail`` tells the caller what to do next. Neither ever
    contains what the caller sent.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    detail: ClassVar[str]
    oauth_error: ClassVar[str | None] = None
    """RFC 6749 section 5.2, where the refusal has a name there."""

    def __init__(self) -> None:
        """Carry the class's own sentence as the message."""
        super().__init__(self.detail)


class ServiceUnavailableError(DomainError):
    """Something that the service leans on did not answer in time. Trying again later is right."""

    kind = Kind.UNAVAILABLE
    code = "service_unavailable"
    detail = "The service cannot answer at the moment. Try again after the time in Retry-After."
    retry_after_seconds: ClassVar[int] = 2
