"""Write users as lines of NDJSON or CSV, which the import reads. Pure."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from doorward.domain.administration.exporting.models import ExportedUser, ExportFormat

COLUMNS: Final = (
    "email",
    "username",
    "password_hash",
    "external_id",
    "email_verified",
    "roles",
    "created_at",
    "id",
    "active",
)
HASH_COLUMN: Final = "password_hash"
FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""The beginning of a cell that a spreadsheet takes for a formula, with apostrophes that were added before it."""

Write = Callable[[ExportedUser], bytes]


def header_of(format_: ExportFormat, *, with_hashes: bool) -> bytes:
    """Return the beginning of a file: for CSV the line with the column names."""
    return _row(_columns(with_hashes=with_hashes)) if format_ == "csv" else b""


def writer_of(format_: ExportFormat, *, with_hashes: bool) -> Write:
    """Return the function that writes the line of a user."""
    columns = _columns(with_hashes=with_hashes)
    if format_ == "csv":
        return lambda user: _row([_cell(value) for value in _values(user, columns).values()])
    return lambda user: json.dumps(_values(user, columns), ensure_ascii=False).encode() + b"\n"


def _columns(*, with_hashes: bool) -> list[str]:
    return [name for name in COLUMNS if with_hashes or name != HASH_COLUMN]


def _values(user: ExportedUser, columns: list[str]) -> Mapping[str, Any]:
    values = asdict(user) | {"created_at": user.created_at.isoformat(), "id": str(user.id), "roles": list(user.roles)}
    return {name: values[name] for name in columns}


def _cell(value: object) -> str:
    """Return a value as a cell. A cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return " ".join(value)
    text = str(value)
    return f"'{text}" if FORMULA.match(text) else text


def _row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()
