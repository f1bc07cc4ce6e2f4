"""Export of users; importing the exported file yields an equal table."""

import json
from typing import Final
from uuid import uuid4

import pytest

from doorward.domain.administration.exporting.models import ExportFormat
from tests.integration.administration.user_files import UserFiles, lines, person
from tests.integration.service import MakeDatabase, MakeService, Service

BCRYPT: Final = "$2b$04$" + "." * 53


def people() -> list[dict[str, object]]:
    return [
        person(password_hash=BCRYPT, external_id="7", email_verified=True, roles=["support", "auditor"]),
        person(created_at="2001-02-03T04:05:06.789012+00:00", active=False),
        person(email="=formula@example.com", username="-minus", external_id="@sum"),
        person(external_id="'=quoted", email="+plus@example.com"),
        {"email": "nameless@example.com"},
    ]


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
async def test_importing_an_export_yields_an_equal_table(
    service_alone: Service, make_service: MakeService, make_database: MakeDatabase, format_: ExportFormat
) -> None:
    here = UserFiles(service_alone)
    await service_alone.register()
    assert (await here.store(lines(people()))).numbers == (5, 0, 0)
    exported = await here.export(format_)
    there = UserFiles(await make_service(database_url=make_database(migrated=True)))
    imported = await there.store(exported, format_, keeps_ids=True, on_conflict="fail")
    assert imported.numbers == (6, 0, 0)
    assert await there.export(format_) == exported
    rows = [
        files.service.sql(
            "SELECT id, email, email_key, username, username_key, password_hash, external_id, roles, is_active,"
            " created_at, email_verified_at IS NOT NULL AS is_verified, session_epoch, version FROM users ORDER BY id"
        )
        for files in (here, there)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 6


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
async def test_hashes_are_exported_only_on_request(service_alone: Service, format_: ExportFormat) -> None:
    files = UserFiles(service_alone)
    await files.store(lines(people()))
    assert b"$2b$" in await files.export(format_)
    without = await files.export(format_, with_hashes=False)
    assert b"$2b$" not in without
    assert b"password_hash" not in without


async def test_a_password_that_must_be_replaced_is_not_exported(service_alone: Service) -> None:
    """After an import it would be valid again, although an administrator has revoked it."""
    files = UserFiles(service_alone)
    await files.store(lines([person(password_hash=BCRYPT), person(password_hash=BCRYPT, external_id="stopped")]))
    service_alone.sql("UPDATE users SET must_change_password = true WHERE external_id = 'stopped'")
    exported = [json.loads(line) for line in (await files.export()).splitlines()]
    assert {each["external_id"]: each["password_hash"] for each in exported} == {None: BCRYPT, "stopped": None}


async def test_an_export_is_recorded_with_its_number_of_users(service_alone: Service) -> None:
    files = UserFiles(service_alone)
    await files.store(lines(people()))
    await files.export(with_hashes=True)
    (row,) = service_alone.sql("SELECT user_id, data FROM audit_events WHERE type = 'user.all_exported'")
    assert row == {"user_id": None, "data": {"count": 5, "with_hashes": True}}


async def test_importing_an_export_into_the_same_table_changes_nothing(service_alone: Service) -> None:
    files = UserFiles(service_alone)
    await files.store(lines([person(id=str(uuid4())) for _ in range(10)]), keeps_ids=True)
    exported = await files.export()
    assert (await files.store(exported, keeps_ids=True, on_conflict="fail")).numbers == (0, 10, 0)
    assert [json.loads(line)["email"] for line in (await files.export()).splitlines()] == [
        json.loads(line)["email"] for line in exported.splitlines()
    ]
