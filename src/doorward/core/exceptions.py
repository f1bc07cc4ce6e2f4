"""Base classes of all refusals, independent of HTTP."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from types import MappingProxyType
from typing import ClassVar

from doorward.core.frozen import frozen


class Kind(Enum):
    """The kinds of refusal. The API maps each to one status."""

    INVALID = auto()
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    CONFLICT = auto()
    STALE = auto()
    EXHAUSTED = auto()
    UNAVAILABLE = auto()


@frozen
class InputError:
    """An error in one part of the input. ``place`` names the part, for example ``line/17``."""

    place: str
    code: str
    detail: str


class DomainError(Exception):
    """A refusal. Each subclass is one outcome that callers can distinguish.

    ``code`` is stable and part of the API. ``detail`` describes the problem, and a remedy only if it is the same over
    HTTP and in a shell: each interface adds its own remedy. Neither ever contains what the caller sent.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    detail: ClassVar[str]
    oauth_error: ClassVar[str | None] = None
    """The error code of RFC 6749 section 5.2, if there is one for this refusal."""

    retry_after_seconds: int | None = None
    """Seconds after which a retry may succeed, if known."""

    members: Mapping[str, str | Sequence[str]] = MappingProxyType({})
    """Data that a client needs for its next call: more members of the problem, by name."""

    def __init__(self, input_errors: Sequence[InputError] = ()) -> None:
        """Store the errors in parts of the input, if there are any. The message is ``detail``."""
        super().__init__(self.detail)
        self.input_errors = input_errors


class ServiceUnavailableError(DomainError):
    """A dependency, such as the database, did not answer in time. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "service_unavailable"
    detail = "The service cannot answer at the moment."

    def __init__(self, retry_after_seconds: int = 2) -> None:
        """Store the seconds after which a retry may succeed."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class TooManyQueriesError(DomainError):
    """The user's other calls hold all database connections that one user may use."""

    kind = Kind.EXHAUSTED
    code = "too_many_queries_of_user"
    detail = "Your other calls keep the database busy. Wait for their answers, then try again."
    retry_after_seconds = 1


class InvalidCursorError(DomainError):
    """Not a cursor of this service, or a cursor for another order."""

    kind = Kind.INVALID
    code = "invalid_cursor"
    detail = "The cursor is not one of this list."


class PageTooDeepError(DomainError):
    """A page number so high that the database would take long to count to it."""

    kind = Kind.INVALID
    code = "page_too_deep"
    detail = "The page number is too high."
