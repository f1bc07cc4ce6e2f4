"""Split the lines of a CSV file (RFC 4180) into rows, by the file's separator. Pure."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from doorward.core.frozen import frozen
from doorward.domain.items.exceptions import MalformedCsvError
from doorward.domain.items.reading.texts import Lines

SEPARATORS: Final = (",", ";", "\t", "|")

_SEPARATOR_LINE: Final = re.compile(r'"?sep=([^\w\r\n "])"?\s*', re.IGNORECASE)
"""The first line that Excel writes and reads for a separator that is not its country's default."""


@frozen
class Row:
    """``number`` is that of the first line. ``is_text`` is whether all of the row is in the file's encoding."""

    number: int
    fields: Sequence[str]
    is_text: bool


def rows_of(lines: Lines, is_header: Callable[[Sequence[str]], bool]) -> Iterator[Row]:
    """Yield the rows, the header first. A quoted field may span several lines.

    Unless the first line names it, the separator is the one that gives the most columns in the first line, among those
    with which the line is a header. Raises ``MalformedCsvError`` if the rest cannot be split into rows.
    """
    unread = iter(lines)
    first = next(unread, "")
    if named := _SEPARATOR_LINE.fullmatch(first):
        lines.begin_row()
        return _split(lines, unread, named[1])
    return _split(lines, chain([first], unread), _separator_of(first, is_header))


def _split(lines: Lines, unread: Iterator[str], separator: str) -> Iterator[Row]:
    try:
        for fields in csv.reader(unread, delimiter=separator, strict=True):
            yield Row(lines.row_number, fields, lines.is_text)
            lines.begin_row()
    except csv.Error as error:
        raise lines.refusal(MalformedCsvError) from error


def _separator_of(line: str, is_header: Callable[[Sequence[str]], bool]) -> str:
    names = {separator: _fields_of(line, separator) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: len(names[separator]) if is_header(names[separator]) else 0)


def _fields_of(line: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
