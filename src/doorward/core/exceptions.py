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


class InvalidFilterError(DomainError):
    """Text that nothing stored can hold."""

    kind = Kind.INVALID
    code = "invalid_filter"
    detail = "A filter or query holds characters that nothing stored can have. Send plain text on one line."


class NoSearchWordsError(DomainError):
    """Nothing to look for."""

    kind = Kind.INVALID
    code = "no_search_words"
    detail = "The query has no words. Send letters or digits: q=star wars."


class QueryTooBroadError(DomainError):
    """The database would have to read too much to answer in time."""

    kind = Kind.INVALID
    code = "query_too_broad"
    detail = "The query takes too long. Narrow it with longer words and more filters, or use after= for pages."


class MalformedCsvError(DomainError):
    """What follows cannot be read as CSV, so nothing of it is stored."""

    kind = Kind.INVALID
    code = "malformed_csv"
    detail = "From this line on the file is no CSV. Look for a quote that is not closed or a line above 64 KiB."


class InvalidCsvLineError(DomainError):
    """Not as many fields as the header, or not UTF-8."""

    kind = Kind.INVALID
    code = "invalid_csv_line"
    detail = "The line has more or fewer fields than the header, or is not UTF-8."


class ImportRefusedError(DomainError):
    """Some lines of a file cannot be stored, so none was. ``flaws`` has the lines."""

    kind = Kind.INVALID
    code = "import_refused"
    detail = (
        "Nothing was imported: errors lists the first bad lines. Correct them, or leave them out with on_error=skip."
    )


class TooManyLinesError(DomainError):
    """The file is well written, and so long that storing it takes longer than a call may."""

    kind = Kind.INVALID
    code = "too_many_lines"
    detail = "Nothing was imported: the file has more lines than one call can store. Send it in parts."


class TooManyBadLinesError(DomainError):
    """So many lines are bad that the file is not what it should be; nothing was stored."""

    kind = Kind.INVALID
    code = "too_many_bad_lines"
    detail = "Nothing was imported: more than 10,000 lines are bad. Check that the file has the columns it names."
