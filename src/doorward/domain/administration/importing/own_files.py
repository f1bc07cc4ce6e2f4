"""Read users in the formats that ``export-users`` writes: CSV and NDJSON. Pure."""

import re
from collections.abc import Generator, Mapping
from typing import IO, Any, Final

from doorward.domain.administration.exporting.writers import COLUMNS
from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.csv_rows import read_rows
from doorward.domain.administration.importing.json_lines import read_lines
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode
from doorward.domain.administration.importing.readers import read_users

NEUTRALISED: Final = re.compile(r"'(?='*[=+\-@\t\r])")
"""The apostrophe that the export adds to a cell that a spreadsheet would take for a formula."""

_ROLE_SEPARATORS: Final = re.compile(r"[\s,|]+")


def read_csv(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of a CSV file with any of ``COLUMNS``, which must include the e-mail address."""
    return read_users(read_rows(file, required=("email",), allowed=COLUMNS), _user_of_row)


def read_ndjson(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of an NDJSON file, whose members are named as ``COLUMNS``."""
    return read_users(read_lines(file), _user_of_object)


def _user_of_row(row: Mapping[str, str]) -> ForeignUser:
    cells = {name: cell[1:] if NEUTRALISED.match(cell) else cell for name, cell in row.items()}
    return ForeignUser(
        email=cells["email"],
        username=members.text(cells, "username"),
        password_hash=members.text(cells, "password_hash"),
        external_id=members.text(cells, "external_id"),
        id=members.text(cells, "id"),
        is_verified=members.boolean_cell(cells, "email_verified", default=False),
        roles=tuple(filter(None, _ROLE_SEPARATORS.split(cells.get("roles", "")))),
        created_at=members.text(cells, "created_at"),
        is_active=members.boolean_cell(cells, "active", default=True) if cells.get("active") else True,
    )


def _user_of_object(each: Mapping[str, Any]) -> ForeignUser | LineCode:
    roles = each.get("roles") or []
    is_list_of_texts = isinstance(roles, list) and all(isinstance(role, str) for role in roles)
    if not is_list_of_texts or not each.keys() <= set(COLUMNS):
        return LineCode.MALFORMED_LINE
    return ForeignUser(
        email=members.text(each, "email") or "",
        username=members.text(each, "username"),
        password_hash=members.text(each, "password_hash"),
        external_id=members.identifier(each, "external_id"),
        id=members.text(each, "id"),
        is_verified=members.boolean(each, "email_verified", default=False),
        roles=tuple(roles),
        created_at=members.text(each, "created_at"),
        is_active=members.boolean(each, "active", default=True),
    )
