"""Read items from CSV (RFC 4180) line by line. Pure."""

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final, cast

from doorward.core.exceptions import DomainError, Flaw
from doorward.domain.items.exceptions import (
    InvalidCsvHeaderError,
    InvalidCsvLineError,
    InvalidVisibilityError,
    InvalidYearError,
    MalformedCsvError,
)
from doorward.domain.items.models import ItemContent, Visibility
from doorward.domain.items.policy import TAG_SEPARATORS, checked_content

MAXIMUM_ROW_LENGTH: Final = 64 * 1024
"""Maximum characters of a row, over all its lines. Bounds the reader's memory and the time between two pauses."""

_OPTIONAL_COLUMNS: Final = frozenset({"description", "tags", "year", "visibility"})
_MOVIELENS_COLUMNS: Final = frozenset({"movieid", "title", "genres"})
_NO_GENRES: Final = "(no genres listed)"
_TITLE_AND_YEAR: Final = re.compile(r"(.*\S)\s*\((\d{4})\)")
_YEAR: Final = re.compile(r"\d{1,4}")
_UNDECODED: Final = re.compile(r"[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class BadLine:
    """An error in a line. Lines are numbered from 1, the header."""

    number: int
    error: DomainError


def read_items(file: IO[bytes], default_visibility: Visibility) -> Generator[ItemContent | BadLine | None, None, None]:
    """Yield the item or the error of each line after the header, None for an empty line.

    UTF-8, with or without a byte order mark; any line endings.

    ``title`` with any of ``description``, ``tags`` (separated by commas or bars), ``year`` and ``visibility``; or
    MovieLens' ``movieId,title,genres``, where "Title (1995)" gives title and year. Raises ``InvalidCsvHeaderError``,
    and ``MalformedCsvError`` where the rest cannot be split into rows.
    """
    # Invalid UTF-8 becomes lone surrogates, so that only its own line is refused.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        rows = _numbered_rows(_Lines(text))
        _, header = next(rows, (1, []))
        columns = [name.strip().lower() for name in header]
        describe = _reader_of(columns)
        for number, row in rows:
            try:
                yield checked_content(describe(_fields(columns, row), default_visibility)) if row else None
            except DomainError as error:
                # Drop the traceback, which would keep the whole row in memory.
                yield BadLine(number, error.with_traceback(None))
    finally:
        text.detach()


class _Lines:
    """The lines of a file, up to a maximum size of each row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.row_length = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAXIMUM_ROW_LENGTH + 1):
            self.row_length += len(line)
            if self.row_length > MAXIMUM_ROW_LENGTH:
                raise csv.Error("row too long")
            yield line


def _numbered_rows(lines: _Lines) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row with the number of its first line. A quoted field may span several lines."""
    rows = csv.reader(lines, strict=True)
    number = 1
    try:
        for row in rows:
            yield number, row
            number = rows.line_num + 1
            lines.row_length = 0
    except csv.Error as error:
        raise MalformedCsvError([Flaw(f"line/{number}", MalformedCsvError.code, MalformedCsvError.detail)]) from error


def _reader_of(columns: Sequence[str]) -> Callable[[Mapping[str, str], Visibility], ItemContent]:
    names = set(columns)
    if len(names) == len(columns):
        if names == _MOVIELENS_COLUMNS:
            return _movie
        if "title" in names and names <= _OPTIONAL_COLUMNS | {"title"}:
            return _item
    raise InvalidCsvHeaderError


def _fields(columns: Sequence[str], row: Sequence[str]) -> Mapping[str, str]:
    if len(row) != len(columns) or any(_UNDECODED.search(field) for field in row):
        raise InvalidCsvLineError
    return dict(zip(columns, row, strict=True))


def _item(fields: Mapping[str, str], default_visibility: Visibility) -> ItemContent:
    return ItemContent(
        title=fields["title"],
        description=fields.get("description", ""),
        tags=_split(fields.get("tags", "")),
        year=_year(fields.get("year", "").strip()),
        visibility=_visibility(fields.get("visibility", "").strip().lower(), default_visibility),
    )


def _movie(fields: Mapping[str, str], default_visibility: Visibility) -> ItemContent:
    genres = fields["genres"].strip()
    match = _TITLE_AND_YEAR.fullmatch(fields["title"].strip())
    return ItemContent(
        title=match[1] if match else fields["title"],
        tags=[] if genres == _NO_GENRES else _split(genres),
        year=int(match[2]) if match else None,
        visibility=default_visibility,
    )


def _split(text: str) -> Sequence[str]:
    return [part for part in TAG_SEPARATORS.split(text) if part.strip()]


def _year(text: str) -> int | None:
    if not text:
        return None
    if not _YEAR.fullmatch(text):
        raise InvalidYearError
    return int(text)


def _visibility(text: str, default: Visibility) -> Visibility:
    if text not in {"", "private", "shared"}:
        raise InvalidVisibilityError
    return cast("Visibility", text) if text else default
