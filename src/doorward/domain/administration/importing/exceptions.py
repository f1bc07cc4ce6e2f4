"""The refusals of whole import files, one class each. Lines have codes of their own: ``LineCode``."""

from doorward.core.exceptions import DomainError, InputError, Kind


class _UserFileError(DomainError):
    """Part of a file cannot be read. Users stored before it stay stored. ``input_errors`` has the line."""

    def __init__(self, line: int | None = None) -> None:
        super().__init__([] if line is None else [InputError(f"line/{line}", self.code, self.detail)])


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
