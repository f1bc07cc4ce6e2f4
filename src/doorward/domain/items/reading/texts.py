"""Open a CSV file as text in its encoding, and read it line by line. Pure."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from doorward.core.exceptions import InputError
from doorward.domain.items.exceptions import InvalidCsvEncodingError, MalformedCsvError

MAXIMUM_ROW_LENGTH: Final = 64 * 1024
"""Maximum characters of a row, over all its lines. Bounds the reader's memory and the time between two yields."""

_HEAD_BYTES: Final = 4
_BYTE_ORDER_MARKS: Final = (
    # UTF-32 first: its byte order mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = (
    (re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "utf-16-be"),
)
"""The beginning of UTF-16 without a byte order mark: headers are Latin letters."""

_NOT_TEXT: Final = re.compile(r"[\0\ud800-\udfff]")
"""Characters that bytes of another encoding become, and NUL, which text cannot contain."""

_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Lines:
    """The lines of a file, with a limit on the size of each row. Iterate once."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._number = 0
        self._row_length = 0
        self.row_number = 1
        """The number of the row's first line, from 1."""
        self.is_text = True
        """Whether all lines of the row are in the file's encoding."""

    def begin_row(self) -> None:
        """Begin a row with the next line."""
        self.row_number = self._number + 1
        self._row_length, self.is_text = 0, True

    def __iter__(self) -> Iterator[str]:
        """Yield each line with its end. Raises ``MalformedCsvError`` and ``InvalidCsvEncodingError``."""
        while line := self._next():
            self._number += 1
            self._row_length += len(line)
            if _is_misread(line, self._text.encoding):
                raise self.refusal(InvalidCsvEncodingError)
            if self._row_length > MAXIMUM_ROW_LENGTH:
                raise self.refusal(MalformedCsvError)
            self.is_text = self.is_text and _NOT_TEXT.search(line) is None
            yield line

    def refusal(
        self, error: type[InvalidCsvEncodingError | MalformedCsvError]
    ) -> InvalidCsvEncodingError | MalformedCsvError:
        """Return the refusal of a file that cannot be read from the row's first line on."""
        return error([InputError(f"line/{self.row_number}", error.code, error.detail)])

    def _next(self) -> str:
        try:
            return self._text.readline(MAXIMUM_ROW_LENGTH + 1)
        except UnicodeDecodeError as error:
            raise self.refusal(InvalidCsvEncodingError) from error


@contextmanager
def open_lines(file: IO[bytes]) -> Iterator[Lines]:
    """Yield the lines of a file in UTF-8 or UTF-16; leave the file open."""
    encoding, mark_length = _encoding_of(file.read(_HEAD_BYTES))
    file.seek(mark_length)
    # Invalid UTF-8 becomes lone surrogates, and lone surrogates of UTF-16 stay, so that only their line is refused.
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    try:
        yield Lines(text)
    finally:
        text.detach()


def _encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a file with this beginning, and the length of its byte order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    return next((encoding for beginning, encoding in _UNMARKED if beginning.match(head)), "utf-8"), 0


def _is_misread(line: str, encoding: str) -> bool:
    """Return whether a line of UTF-16 is really in another encoding: text with line ends if read byte by byte.

    The line itself has no line end: from there on, none is recognised.
    """
    if encoding == "utf-8" or line[-1] in "\r\n":
        return False
    raw = line.encode(encoding, "surrogatepass")
    return b"\n" in raw and _BINARY.search(raw) is None
