"""The refusals of items, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class ItemNotFoundError(DomainError):
    """There is no such item, or it is another user's private one. The caller must not learn which."""

    kind = Kind.NOT_FOUND
    code = "item_not_found"
    detail = "There is no such item among those that you can see."


class NotItemOwnerError(DomainError):
    """The item is shared by another user: it can be read, not changed."""

    kind = Kind.FORBIDDEN
    code = "not_item_owner"
    detail = "The item belongs to somebody else. Only its owner can change it."


class StaleItemError(DomainError):
    """The item has another version than the caller's condition allows (RFC 9110 section 13)."""

    kind = Kind.STALE
    code = "stale_item"
    detail = "The item is not a version that the call allows."


class ItemVersionsExhaustedError(DomainError):
    """The item's version has reached the maximum of its column."""

    kind = Kind.CONFLICT
    code = "item_versions_exhausted"
    detail = "The item was changed two billion times and takes no further change. Create it again and delete this one."


class ItemOwnerGoneError(DomainError):
    """The account was deleted between the check of its session and the statement."""

    kind = Kind.UNAUTHENTICATED
    code = "item_owner_gone"
    detail = "Your account does not exist any more. Register again."


class ItemQuotaReachedError(DomainError):
    """The owner has as many items as one may own, or would have more after the import."""

    kind = Kind.FORBIDDEN
    code = "item_quota_reached"
    detail = "Nothing was stored: you would own more items than one user may. Delete some, then try again."


class InvalidTitleError(DomainError):
    """Empty, too long, or with control characters."""

    kind = Kind.INVALID
    code = "invalid_item_title"
    detail = "A title has 1 to 300 characters on one line, and no control characters."


class InvalidDescriptionError(DomainError):
    """Too long, or with control characters."""

    kind = Kind.INVALID
    code = "invalid_item_description"
    detail = "A description has at most 10,000 characters, and no control characters but line breaks and tabs."


class InvalidTagsError(DomainError):
    """Too many tags, or an invalid one."""

    kind = Kind.INVALID
    code = "invalid_item_tags"
    detail = "An item has at most 20 tags of 1 to 50 characters each, without commas, bars and control characters."


class InvalidYearError(DomainError):
    """A year outside 1 to 9999."""

    kind = Kind.INVALID
    code = "invalid_item_year"
    detail = "A year is a whole number from 1 to 9999."


class InvalidVisibilityError(DomainError):
    """A visibility in an import that does not exist."""

    kind = Kind.INVALID
    code = "invalid_item_visibility"
    detail = "A visibility is private or shared."


class InvalidCsvHeaderError(DomainError):
    """The first line does not name the columns."""

    kind = Kind.INVALID
    code = "invalid_item_csv_header"
    detail = (
        "The first line names the columns: title, and any of description, tags, year, visibility; "
        "or movieId,title,genres."
    )


class InvalidFilterError(DomainError):
    """Text that no stored item can contain."""

    kind = Kind.INVALID
    code = "invalid_filter"
    detail = "A filter or query holds characters that nothing stored can have. Send plain text on one line."


class NoSearchWordsError(DomainError):
    """The query has no words."""

    kind = Kind.INVALID
    code = "no_search_words"
    detail = "The query has no words."


class QueryTooBroadError(DomainError):
    """The query reached the database's time limit."""

    kind = Kind.INVALID
    code = "query_too_broad"
    detail = "The query takes too long."


class MalformedCsvError(DomainError):
    """The rest of the file is not valid CSV; nothing is stored."""

    kind = Kind.INVALID
    code = "malformed_csv"
    detail = "From this line on the file is no CSV. Look for a quote that is not closed or a line above 64 KiB."


class InvalidCsvLineError(DomainError):
    """Not as many fields as the header, or not UTF-8."""

    kind = Kind.INVALID
    code = "invalid_csv_line"
    detail = "The line has more or fewer fields than the header, or is not UTF-8."


class ImportRefusedError(DomainError):
    """Some lines are invalid, so nothing was stored. ``flaws`` lists them."""

    kind = Kind.INVALID
    code = "import_refused"
    detail = "Nothing was imported: some lines cannot be stored."


class TooManyLinesError(DomainError):
    """The file is valid, but storing it takes longer than the time limit of a call."""

    kind = Kind.INVALID
    code = "too_many_lines"
    detail = "Nothing was imported: the file has more lines than one import can store. Import it in parts."


class TooManyBadLinesError(DomainError):
    """Too many invalid lines; nothing was stored."""

    kind = Kind.INVALID
    code = "too_many_bad_lines"
    detail = "Nothing was imported: more than 10,000 lines are bad. Check that the file has the columns it names."
