"""An export writes each user in a form that the import reads back unchanged."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pytest

from doorward.domain.administration.exporting.models import ExportedUser, ExportFormat
from doorward.domain.administration.exporting.writers import header_of, writer_of
from doorward.domain.administration.importing.models import ForeignUser, Reader
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from tests.unit.administration.foreign_exports import ADA_ID, BCRYPT

ADA: Final = ExportedUser(
    email="Ada@example.com",
    username="Ada",
    password_hash=BCRYPT,
    external_id="7",
    email_verified=True,
    roles=("auditor", "support"),
    created_at=datetime(2024, 3, 5, 16, 34, 19, 775123, tzinfo=UTC),
    id=UUID(ADA_ID),
    active=False,
)
READERS: Final[dict[ExportFormat, Reader]] = {"csv": read_csv, "ndjson": read_ndjson}


def written(user: ExportedUser, format_: ExportFormat, *, with_hashes: bool = True) -> bytes:
    return header_of(format_, with_hashes=with_hashes) + writer_of(format_, with_hashes=with_hashes)(user)


def read_again(user: ExportedUser, format_: ExportFormat) -> object:
    (line,) = [line for line in READERS[format_](io.BytesIO(written(user, format_))) if line is not None]
    return line.content


@pytest.mark.parametrize("format_", READERS)
def test_the_import_reads_what_the_export_wrote(format_: ExportFormat) -> None:
    assert read_again(ADA, format_) == ForeignUser(
        email=str(ADA.email),
        username=ADA.username,
        password_hash=ADA.password_hash,
        external_id="7",
        id=ADA_ID,
        is_verified=True,
        roles=("auditor", "support"),
        created_at="2024-03-05T16:34:19.775123+00:00",
        is_active=False,
    )


@pytest.mark.parametrize("format_", READERS)
def test_missing_fields_stay_missing(format_: ExportFormat) -> None:
    bare = replace(ADA, password_hash=None, external_id=None, roles=(), email_verified=False, active=True)
    read = read_again(bare, format_)
    assert isinstance(read, ForeignUser)
    assert (read.password_hash, read.external_id, read.roles, read.is_verified) == (None, None, (), False)
    assert read.is_active


@pytest.mark.parametrize("format_", READERS)
def test_hashes_are_exported_only_on_request(format_: ExportFormat) -> None:
    assert BCRYPT in written(ADA, format_).decode()
    assert b"$" not in written(ADA, format_, with_hashes=False)
    assert b"password_hash" not in written(ADA, format_, with_hashes=False)


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-a", "@a", "\ta", "\ra", "'=a", "''+a", "'a", "a=b", 'a"b', "a,b", "a\nb"]
)
def test_formulas_are_escaped_in_cells_and_unescaped_by_the_import(text: str) -> None:
    user = replace(ADA, email=text, username=text, external_id=text)
    line = written(user, "csv").decode().split("\r\n", 1)[1]
    assert not line.lstrip('"').startswith(("=", "+", "-", "@", "\t", "\r"))
    read = read_again(user, "csv")
    assert isinstance(read, ForeignUser)
    assert (read.email, read.username, read.external_id) == (text, text, text)


def test_a_user_is_one_line_of_ndjson() -> None:
    line = written(replace(ADA, email="\u2028a\u0085\u00e9@example.com"), "ndjson")
    assert line.count(b"\n") == 1
    assert json.loads(line)["email"] == "\u2028a\u0085\u00e9@example.com"
