"""The refusals of items, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class ItemNotFoundError(DomainError):
    """There is no such item, or it is another user's private one. The caller must not learn which."""

    kind = Kind.NOT_FOUND
    code = "item_not_found"
    detail = "There is no item with this id that you may see."


class NotItemOwnerError(DomainError):
    """The item is shared by another user: it can be read, not changed."""

    kind = Kind.FORBIDDEN
    code = "not_item_owner"
    detail = "The item belongs to another user. Only its owner can change or delete it."


class StaleItemError(DomainError):
    """The item has another version than the caller's condition allows (RFC 9110 section 13)."""

    kind = Kind.STALE
    code = "stale_item"
    detail = "The item's version does not match the condition of the call."


class ItemVersionsExhaustedError(DomainError):
    kind = Kind.CONFLICT
    code = "item_versions_exhausted"
    detail = "The item has the highest version number and cannot be changed. Create a new one and delete this one."


class ItemOwnerGoneError(DomainError):
    """The account was deleted between the check of its session and the statement."""

    kind = Kind.UNAUTHENTICATED
    code = "item_owner_gone"
    detail = "Your account was deleted. Register again."


class ItemQuotaReachedError(DomainError):
    kind = Kind.FORBIDDEN
    code = "item_quota_reached"
    detail = "Nothing was stored: you would own more items than a user may own. Delete some, then try again."


class _InvalidError(DomainError):
    kind = Kind.INVALID


class InvalidTitleError(_InvalidError):
    code = "invalid_item_title"
    detail = "A title must have 1 to 300 characters, without line breaks and control characters."


class InvalidDescriptionError(_InvalidError):
    code = "invalid_item_description"
    detail = "A description may have up to 10,000 characters. Of control characters, line breaks and tabs are allowed."


class InvalidTagsError(_InvalidError):
    code = "invalid_item_tags"
    detail = "An item may have up to 20 tags of 1 to 50 characters, without commas, bars and control characters."


class InvalidYearError(_InvalidError):
    code = "invalid_item_year"
    detail = "A year must be a whole number from 1 to 9999."


class InvalidVisibilityError(_InvalidError):
    code = "invalid_item_visibility"
    detail = "A visibility must be private or shared."


class InvalidExternalIdError(_InvalidError):
    code = "invalid_item_external_id"
    detail = (
        "With the prefix of its column's name, a foreign id has at most 200 characters; it is not empty and has no "
        "line breaks or control characters."
    )


class InvalidCsvHeaderError(_InvalidError):
    code = "invalid_item_csv_header"
    detail = "The first line must name the columns, and one of them title; or a column must be mapped to title."


class RepeatedCsvColumnError(_InvalidError):
    """``input_errors`` has the number of the second column."""

    code = "repeated_csv_column"
    detail = "Two columns have the same name, so that it is not clear which one is meant."


class MissingCsvColumnError(_InvalidError):
    """``input_errors`` has the fields that are mapped to missing columns."""

    code = "missing_csv_column"
    detail = "The map of columns names a column that the file does not have."


class InvalidColumnMapError(_InvalidError):
    code = "invalid_column_map"
    detail = (
        "The map of columns must be a list as in Name:title,Published:year. The fields are title, description, tags, "
        "year, visibility and external_id, each at most once."
    )


class NotCsvError(_InvalidError):
    """The first line has control characters."""

    code = "not_csv"
    detail = "The file is no text: perhaps a workbook or an archive. Save or unpack it as CSV."


class InvalidCsvEncodingError(_InvalidError):
    """A line, or the rest of the file from a line on, is not in the file's encoding."""

    code = "invalid_csv_encoding"
    detail = (
        "This is not in the file's encoding: UTF-8, or UTF-16 if the file begins so. Save the file as CSV in UTF-8."
    )


class InvalidFilterError(_InvalidError):
    code = "invalid_filter"
    detail = "A filter or query has characters that no entry can contain. Send text on one line."


class NoSearchWordsError(_InvalidError):
    code = "no_search_words"
    detail = "The query has no words."


class QueryTooBroadError(_InvalidError):
    """The query reached the database's time limit."""

    code = "query_too_broad"
    detail = "The query took longer than its time limit."


class MalformedCsvError(_InvalidError):
    """The rest of the file is not valid CSV; nothing is stored."""

    code = "malformed_csv"
    detail = "From this line on, the file is not valid CSV. Look for an unclosed quote or a line above 64 KiB."


class InvalidCsvLineError(_InvalidError):
    code = "invalid_csv_line"
    detail = "The line has more or fewer fields than the first line names columns."


class ImportRefusedError(_InvalidError):
    """Some lines are invalid, so nothing was stored. ``input_errors`` lists them."""

    code = "import_refused"
    detail = "Nothing was imported: some lines are invalid."


class TooManyLinesError(_InvalidError):
    """The file is valid, but storing it takes longer than the time limit of a call."""

    code = "too_many_lines"
    detail = "Nothing was imported: storing the file would take longer than a call may. Import it in parts."


class TooManyBadLinesError(_InvalidError):
    code = "too_many_bad_lines"
    detail = "Nothing was imported: more than 10,000 lines are invalid. Check that the columns match the header."
