"""Every way in which an import refuses a file, one class each. Lines have codes of their own: ``LineCode``."""

from collections.abc import Sequence

from doorward.core.exceptions import DomainError, Flaw, Kind


class _UserFileError(DomainError):
    """Part of a file cannot be read. What was stored before it stays. ``flaws`` has the line."""

    def __init__(self, line: int | None = None) -> None:
        flaws: Sequence[Flaw] = () if line is None else [Flaw(f"line/{line}", self.code, self.detail)]
        super().__init__(flaws)


class UserFileIsUtf16Error(_UserFileError):
    kind = Kind.INVALID
    code = "user_file_encoding"
    detail = "The file is UTF-16. Save it as UTF-8."


class InvalidUserHeaderError(_UserFileError):
    kind = Kind.INVALID
    code = "invalid_user_header"
    detail = "The first line does not name the columns of this format, each once and with an e-mail address among them."


class MalformedUserFileError(_UserFileError):
    kind = Kind.INVALID
    code = "malformed_user_file"
    detail = "The file cannot be read any further: it is cut off, or not in this format."


class UserConflictError(_UserFileError):
    kind = Kind.CONFLICT
    code = "user_conflict"
    detail = "A user of the file conflicts with one that exists, and conflicts are to end the import."
