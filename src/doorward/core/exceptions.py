"""The root of all refusals: what went wrong, in terms that know nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar


class Kind(Enum):
    """The closed set of ways in which a call can fail."""

    INVALID = auto()
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    CONFLICT = auto()
    STALE = auto()
    EXHAUSTED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one part of what was sent. ``place`` is the part: ``line/17``."""

    place: str
    code: str
    detail: str


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

    retry_after_seconds: int | None = None
    """When trying again may help, where that is known."""

    def __init__(self, flaws: Sequence[Flaw] = ()) -> None:
        """Carry the class's own sentence as the message, and the parts that are wrong where there are several."""
        super().__init__(self.detail)
        self.flaws = flaws


class ServiceUnavailableError(DomainError):
    """Something that the service leans on did not answer in time. Trying again later is right."""

    kind = Kind.UNAVAILABLE
    code = "service_unavailable"
    detail = "The service cannot answer at the moment. Try again after the time in Retry-After."

    def __init__(self, retry_after_seconds: int = 2) -> None:
        """Take when trying again may help."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class TooManyQueriesError(DomainError):
    """The user's earlier calls hold the share of database connections that one user may have."""

    kind = Kind.EXHAUSTED
    code = "too_many_queries_of_user"
    detail = "Your other calls keep the database busy. Wait for their answers, then try again."
    retry_after_seconds = 1


class InvalidCursorError(DomainError):
    """Not a cursor of this service, or one of a list in another order."""

    kind = Kind.INVALID
    code = "invalid_cursor"
    detail = "The cursor is not one of this list. Send one that the last answer gave, or an empty one to begin."


class PageTooDeepError(DomainError):
    """A page number so far in that the database would count for long."""

    kind = Kind.INVALID
    code = "page_too_deep"
    detail = "The page lies too far in. Begin with an empty cursor (?after=) and follow the next links."
