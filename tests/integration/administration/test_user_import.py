"""Import of users: stored and skipped users, the codes of skipped ones, and repeated imports."""

import asyncio
import io
from collections.abc import Generator
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID, uuid4

import pytest

from development.callers import caller_of
from doorward.core.exceptions import DomainError
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.importing.exceptions import MalformedUserFileError, UserConflictError
from doorward.domain.administration.importing.models import ForeignUser, Line, UserImportRequest
from doorward.domain.administration.importing.user_import import BATCH, UserImport, Watcher
from doorward.domain.administration.models import Actor
from doorward.infrastructure.foreign_hashes import ForeignHashes
from tests.integration.administration.administrator import ROLES, signed_in_with, user
from tests.integration.administration.user_files import UserFiles, lines, person
from tests.integration.service import Service, mark
from tests.unit.administration.foreign_exports import FOREIGN_FILES

BCRYPT = "$2b$04$" + "." * 53
BOUND_SECONDS = 60


@pytest.fixture
def files(service: Service) -> UserFiles:
    return UserFiles(service)


async def test_a_user_is_stored_with_all_fields_of_the_file(files: UserFiles) -> None:
    ada = person(
        password_hash=BCRYPT,
        external_id=f"x-{uuid4()}",
        email_verified=True,
        roles=["support", "auditor"],
        created_at="2024-03-05T16:34:19.775123+00:00",
        active=False,
    )
    assert (await files.store(lines([ada]))).numbers == (1, 0, 0)
    (row,) = files.found(ada["email"])
    assert row.pop("email_verified_at") is not None
    assert isinstance(row.pop("id"), UUID)
    assert row == {
        "email": ada["email"],
        "username": ada["username"],
        "password_hash": BCRYPT,
        "external_id": ada["external_id"],
        "roles": ["support", "auditor"],
        "created_at": datetime(2024, 3, 5, 16, 34, 19, 775123, tzinfo=UTC),
        "is_active": False,
    }


async def test_an_imported_user_with_only_an_address_gets_a_name_and_no_password(files: UserFiles) -> None:
    email = person()["email"]
    assert (await files.store(lines([{"email": email}]))).numbers == (1, 0, 0)
    (row,) = files.found(email)
    assert row["username"].startswith("u-")
    assert (row["password_hash"], row["external_id"], row["roles"], row["is_active"]) == (None, None, [], True)
    assert row["email_verified_at"] is None


async def test_each_imported_user_is_in_the_audit_log_with_source_and_roles(files: UserFiles) -> None:
    ada = person(roles=["support"])
    await files.store(lines([ada]))
    (row,) = files.found(ada["email"])
    query = "SELECT type, actor, data FROM audit_events WHERE user_id = %s ORDER BY id"
    imported, granted = files.service.sql(query, row["id"])
    assert (imported["type"], imported["data"]) == ("user.imported", {"source": "ndjson"})
    assert (granted["type"], granted["data"]["change"]) == ("user.roles_changed", "granted")


async def test_an_import_sends_no_mail(service_alone: Service) -> None:
    await UserFiles(service_alone).store(lines([person(email_verified=False), person(email_verified=True)]))
    assert service_alone.sql("SELECT id FROM outbox WHERE channel = 'mail'") == []


async def test_a_uuid_is_kept_as_the_id_on_request(files: UserFiles) -> None:
    kept, replaced = person(id=str(uuid4())), person(id=str(uuid4()))
    await files.store(lines([kept]), keeps_ids=True)
    await files.store(lines([replaced]))
    assert str(files.found(kept["email"])[0]["id"]) == kept["id"]
    (row,) = files.found(replaced["email"])
    assert str(row["id"]) != replaced["id"]
    assert row["external_id"] == replaced["id"]


async def test_a_second_import_stores_only_new_users(files: UserFiles) -> None:
    first = [person(external_id=str(uuid4())) for _ in range(3)]
    await files.store(lines(first))
    second = [*first, person(external_id=str(uuid4()))]
    imported = await files.store(lines(second), on_conflict="fail")
    assert imported.numbers == (1, 3, 0)
    assert imported.codes == dict.fromkeys([1, 2, 3], "already_imported")


async def test_a_second_import_recognises_kept_ids_with_and_without_external_ids(files: UserFiles) -> None:
    people = [person(id=str(uuid4())) for _ in range(2)]
    for keeps_ids in (True, False):
        await files.store(lines(people), keeps_ids=keeps_ids)
        assert (await files.store(lines(people), keeps_ids=True)).numbers == (0, 2, 0)


async def test_each_conflict_has_its_code(files: UserFiles) -> None:
    there = person(id=str(uuid4()), external_id=str(uuid4()))
    await files.store(lines([there]), keeps_ids=True)
    imported = await files.store(
        lines(
            [
                person(id=there["id"]),
                person(external_id=there["external_id"]),
                person(email=there["email"].upper()),
                person(username=there["username"].upper()),
            ]
        ),
        keeps_ids=True,
    )
    assert imported.numbers == (0, 0, 4)
    assert imported.codes == {1: "id_taken", 2: "external_id_taken", 3: "email_taken", 4: "username_taken"}


async def test_a_duplicate_in_a_file_is_stored_once(files: UserFiles) -> None:
    ada, external_id, same_id = person(), str(uuid4()), str(uuid4())
    twice = [
        ada,
        person(email=ada["email"]),
        person(username=ada["username"]),
        person(external_id=external_id),
        person(external_id=external_id),
        person(id=same_id),
        person(id=same_id),
    ]
    imported = await files.store(lines(twice), keeps_ids=True)
    assert imported.numbers == (3, 0, 4)
    assert imported.codes == {2: "email_taken", 3: "username_taken", 5: "external_id_taken", 7: "id_taken"}


async def test_a_conflict_can_end_the_import_and_rolls_back_its_batch(files: UserFiles) -> None:
    there = person()
    await files.store(lines([there]))
    people = [person() for _ in range(1_500)]
    people.insert(1_200, person(email=there["email"]))
    imported = await files.store(lines(people), on_conflict="fail")
    assert imported.numbers == (1_000, 0, 1)
    assert imported.codes == {1_201: "email_taken"}
    assert isinstance(imported.outcome.refusal, UserConflictError)
    assert len(files.found(*(each["email"] for each in people))) == 1_001
    again = await files.store(lines([each for each in people if each["email"] != there["email"]]))
    assert again.numbers == (500, 0, 1_000)


async def test_a_dry_run_has_the_result_of_an_import_and_stores_nothing(files: UserFiles) -> None:
    people = [person() for _ in range(1_200)]
    people.append(person(email=people[0]["email"]))
    rehearsed = await files.store(lines(people), is_rehearsal=True)
    assert rehearsed.numbers == (1_200, 0, 1)
    assert files.found(*(each["email"] for each in people)) == []
    stored = await files.store(lines(people))
    assert (stored.numbers, stored.codes) == (rehearsed.numbers, rehearsed.codes)


async def test_a_dry_run_does_not_block_a_deactivation_or_a_role_change(service: Service) -> None:
    """A dry run may take a minute, and there may be 30 an hour."""
    admin, importer, role = await signed_in_with(service, "admin"), await signed_in_with(service, "admin"), mark()
    service.sql("INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}')", role)
    is_stored, is_over = asyncio.Event(), asyncio.Event()

    def read_slowly(_: IO[bytes]) -> Generator[Line | None]:
        for number in range(BATCH):
            yield Line(number, ForeignUser(**person(), roles=(role,)))
        is_stored.set()
        while not is_over.is_set():
            yield None

    actor = Actor(await caller_of(service.app.state.services.authentication, importer.pair.access))
    rehearsal = UserImport(
        database=service.database,
        clock=service.clock,
        hashes=ForeignHashes(),
        readers={"ndjson": read_slowly},
        maximum_blocking_seconds=0,
    )
    with service.database.bulk_slot():
        request = UserImportRequest(actor, "ndjson", is_rehearsal=True)
        rehearsing = asyncio.create_task(rehearsal.run(io.BytesIO(), request, Watcher(print)))
        await is_stored.wait()
        try:
            async with asyncio.timeout(BOUND_SECONDS):
                deactivated = await admin.call("POST", user(importer.person, "deactivate"))
                changed = await admin.call("PATCH", f"{ROLES}/{role}", json={"description": "Other."})
        finally:
            is_over.set()
        outcome = await rehearsing
    assert (deactivated.status_code, changed.status_code, outcome.counts.stored) == (204, 200, BATCH)


async def test_users_before_a_malformed_line_are_stored(files: UserFiles) -> None:
    ada = person()
    file = f'email,username\n{ada["email"]},{ada["username"]}\n"cut off'.encode()
    imported = await files.store(file, "csv")
    assert imported.numbers == (1, 0, 0)
    assert isinstance(imported.outcome.refusal, MalformedUserFileError)
    assert imported.outcome.refusal.input_errors[0].place == "line/3"
    assert files.found(ada["email"])


async def test_two_concurrent_imports_of_one_file_store_each_user_once(files: UserFiles) -> None:
    people = [person(external_id=str(uuid4())) for _ in range(300)]
    both = await asyncio.gather(files.store(lines(people)), files.store(lines(people[::-1])))
    assert sum(each.numbers[0] for each in both) == 300
    assert sum(each.numbers[1] for each in both) == 300


async def test_users_with_an_unknown_role_are_not_stored(files: UserFiles) -> None:
    imported = await files.store(lines([person(roles=["superuser"]), person(roles=["a\0b"]), person(roles=["\ud800"])]))
    assert imported.codes == dict.fromkeys([1, 2, 3], "unknown_role")


async def test_an_administrator_cannot_import_roles_beyond_the_own_scopes(service: Service) -> None:
    files = UserFiles(service, service.clock)
    service.sql(
        "INSERT INTO roles (name, description, scopes)"
        " VALUES ('importer', '', '{admin:users:import,admin:users:read,admin:audit:read}') ON CONFLICT DO NOTHING"
    )
    importer, pair = await service.register_and_log_in()
    service.sql("UPDATE users SET roles = '{importer}' WHERE id = %s", importer.id)
    actor = Actor(await caller_of(service.app.state.services.authentication, pair.access))
    people = [person(roles=["admin"]), person(roles=["auditor"]), person()]
    imported = await files.store(lines(people), actor=actor)
    assert imported.codes == {1: "beyond_own_scopes"}
    assert imported.numbers == (2, 0, 1)
    service.sql("UPDATE users SET roles = '{}' WHERE id = %s", importer.id)
    refused = await files.store(lines([person()]), actor=actor)
    assert isinstance(refused.outcome.refusal, BeyondOwnScopesError)
    assert refused.numbers == (0, 0, 0)


@pytest.mark.parametrize("source", FOREIGN_FILES)
async def test_a_file_of_each_foreign_system_is_stored_and_creates_no_administrator(
    service_alone: Service, source: Any
) -> None:
    files = UserFiles(service_alone)
    file = FOREIGN_FILES[source]()
    imported = await files.store(file, source, keeps_ids=True)
    stored, _, left_out = imported.numbers
    assert stored + left_out == {"django": 2, "firebase": 2}.get(source, 3)
    assert set(imported.codes.values()) <= {"deleted", "hash_needs_signer_key"}
    assert files.service.sql("SELECT email FROM users WHERE roles <> '{}'") == []
    assert (await files.store(file, source, keeps_ids=True)).numbers == (0, stored, left_out)


def test_the_errors_of_an_import_contain_no_values() -> None:
    for refusal in (MalformedUserFileError(3), UserConflictError(4)):
        assert isinstance(refusal, DomainError)
        assert "@" not in str(refusal)
