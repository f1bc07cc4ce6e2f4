"""Read the items of a CSV file, line by line. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import IO

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.items.models import ImportedItem, Visibility
from doorward.domain.items.reading.columns import ColumnMap, Columns, columns_of, is_header
from doorward.domain.items.reading.fields import item_of
from doorward.domain.items.reading.rows import Row, rows_of
from doorward.domain.items.reading.texts import open_lines


@frozen
class FileOptions:
    """``visibility`` is the default for lines without one; ``columns`` maps columns to fields."""

    visibility: Visibility = "private"
    columns: ColumnMap = field(default_factory=dict)


@frozen
class BadLine:
    """An error in a line. Lines are numbered from 1, the first of the file."""

    number: int
    error: DomainError


@frozen
class ItemFile:
    """A file whose header was read. Iterate over its lines once, while it is open."""

    fields: frozenset[str]
    """The fields that the file has."""
    unused_columns: Sequence[str]
    lines: Iterator[ImportedItem | BadLine | None]
    """The item or the error of each line after the header, None for an empty line."""


@contextmanager
def open_items(file: IO[bytes], options: FileOptions) -> Iterator[ItemFile]:
    """Yield the items of a file: UTF-8 or UTF-16, any line ends, separated by commas, semicolons, tabs or bars.

    Raises ``InvalidCsvHeaderError`` and the other refusals of headers; and, also while its lines are read,
    ``MalformedCsvError`` and ``InvalidCsvEncodingError`` if the rest cannot be split into rows.
    """
    with open_lines(file) as lines:
        rows = rows_of(lines, lambda names: is_header(names, options.columns))
        columns = columns_of(next(rows, Row(1, (), is_text=True)), options.columns)
        yield ItemFile(frozenset(columns.places), columns.unused, _items(rows, columns, options.visibility))


def _items(rows: Iterator[Row], columns: Columns, default: Visibility) -> Iterator[ImportedItem | BadLine | None]:
    for row in rows:
        try:
            yield item_of(row, columns, default) if row.fields else None
        except DomainError as error:
            # Tracebacks, also of the cause, would keep the whole row in memory.
            error.__cause__ = error.__context__ = None
            yield BadLine(row.number, error.with_traceback(None))
