"""Read CSV rows (RFC 4180) by column name, with commas or semicolons as separators. Pure."""

import csv
import io
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing
from typing import IO, Final

from doorward.domain.administration.importing.exceptions import InvalidUserHeaderError, MalformedUserFileError
from doorward.domain.administration.importing.models import LineCode
from doorward.domain.administration.importing.text_files import MAXIMUM_LINE, is_text, open_text

Row = Mapping[str, str]
_SEPARATORS: Final = (",", ";")


def read_rows(
    file: IO[bytes], *, required: Collection[str], allowed: Collection[str] | None
) -> Iterator[tuple[int, Row | LineCode] | None]:
    """Yield each row after the header with the number of its first line, None for an empty line. The header is line 1.

    Columns may be in any order and case. ``allowed`` has the names of all valid columns; None allows any. Raises
    ``InvalidUserHeaderError``, and ``MalformedUserFileError`` if the rest cannot be split into rows.
    """
    with open_text(file) as text:
        lines = _Lines(text)
        header = text.readline(MAXIMUM_LINE + 1)
        separator = next((each for each in _SEPARATORS if each in header), ",")
        columns = _columns(header, separator)
        _check_header(header, columns, required, allowed)
        with closing(_numbered(lines, separator)) as rows:
            for number, row in rows:
                yield (number, _row_of(columns, row)) if row else None


def _columns(header: str, separator: str) -> list[str]:
    try:
        names = next(csv.reader([header], strict=True, delimiter=separator), [])
    except csv.Error as error:
        raise InvalidUserHeaderError(1) from error
    return [name.strip().lower() for name in names]


def _check_header(header: str, columns: list[str], required: Collection[str], allowed: Collection[str] | None) -> None:
    names = set(columns)
    is_known = allowed is None or names <= set(allowed)
    if len(header) > MAXIMUM_LINE or len(names) != len(columns) or not names >= set(required) or not is_known:
        raise InvalidUserHeaderError(1)


def _row_of(columns: list[str], row: list[str]) -> Row | LineCode:
    if len(row) != len(columns):
        return LineCode.MALFORMED_LINE
    if not all(map(is_text, row)):
        return LineCode.NOT_TEXT
    return dict(zip(columns, row, strict=True))


class _Lines:
    """The lines of a file, with a limit on the size of each row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.row_length = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAXIMUM_LINE + 1):
            self.row_length += len(line)
            if self.row_length > MAXIMUM_LINE:
                raise csv.Error("row too long")
            yield line


def _numbered(lines: _Lines, separator: str) -> Generator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line. A quoted field may span several lines."""
    rows = csv.reader(lines, strict=True, delimiter=separator)
    number = 2
    try:
        for row in rows:
            yield number, row
            number = rows.line_num + 2
            lines.row_length = 0
    except csv.Error as error:
        raise MalformedUserFileError(number) from error
