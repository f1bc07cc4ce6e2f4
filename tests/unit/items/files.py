"""Read invented files."""

import io
from typing import Any

from doorward.domain.items.models import ImportedItem, ItemContent
from doorward.domain.items.reading.columns import read_column_map
from doorward.domain.items.reading.files import BadLine, FileOptions, open_items


def read_lines(file: bytes | str, **options: Any) -> list[ImportedItem | BadLine | None]:
    """Return the parsed lines after the header."""
    content = file.encode() if isinstance(file, str) else file
    with open_items(io.BytesIO(content), _options(**options)) as opened:
        return list(opened.lines)


def read(file: bytes | str, **options: Any) -> list[ItemContent | BadLine | None]:
    """Return the same, with only the content of items."""
    return [line.content if isinstance(line, ImportedItem) else line for line in read_lines(file, **options)]


def titles(file: bytes | str, **options: Any) -> list[str]:
    """Return the titles, and "-" for each line without an item."""
    return [line.title if isinstance(line, ItemContent) else "-" for line in read(file, **options)]


def bad(file: bytes | str, **options: Any) -> list[tuple[int, str]]:
    """Return the numbers of the bad lines and the codes of their errors."""
    return [(line.number, line.error.code) for line in read(file, **options) if isinstance(line, BadLine)]


def external_ids(file: bytes | str, **options: Any) -> list[str | None]:
    """Return the external ids of the items."""
    return [line.external_id for line in read_lines(file, **options) if isinstance(line, ImportedItem)]


def unused_columns(file: bytes | str, **options: Any) -> list[str]:
    content = file.encode() if isinstance(file, str) else file
    with open_items(io.BytesIO(content), _options(**options)) as opened:
        return list(opened.unused_columns)


def _options(visibility: Any = "private", columns: str = "") -> FileOptions:
    return FileOptions(visibility, read_column_map(columns))
