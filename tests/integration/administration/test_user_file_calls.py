"""Import and export of users over HTTP: permissions and responses."""

import json
from typing import Any, Final

import httpx
import pytest

from development.client import Pair, Person
from tests.integration.administration.user_files import UserFiles, lines, person
from tests.integration.service import Service, is_problem

IMPORT: Final = "/api/v1/admin/users/import"
EXPORT: Final = "/api/v1/admin/users/export"
NDJSON: Final = "application/x-ndjson"


@pytest.fixture
async def administrator(service_alone: Service) -> tuple[Person, Pair]:
    someone, pair = await service_alone.register_and_log_in()
    service_alone.sql("UPDATE users SET roles = '{admin}' WHERE id = %s", someone.id)
    return someone, pair


@pytest.fixture
def files(service_alone: Service) -> UserFiles:
    return UserFiles(service_alone, service_alone.clock)


async def post(
    files: UserFiles, pair: Pair, content: bytes, media_type: str = NDJSON, **parameters: Any
) -> httpx.Response:
    headers = {"Content-Type": media_type}
    return await files.service.authorized(
        "POST", IMPORT, pair.access, content=content, headers=headers, params=parameters
    )


async def test_a_file_is_stored_and_skipped_lines_are_reported(
    files: UserFiles, administrator: tuple[Person, Pair]
) -> None:
    ada = person()
    answer = await post(files, administrator[1], lines([ada, person(email="none"), person(roles=["nothing"])]))
    assert answer.status_code == 200
    assert answer.json() == {
        "stored": 1,
        "already_stored": 0,
        "left_out": 2,
        "lines": [{"line": 2, "code": "invalid_email"}, {"line": 3, "code": "unknown_role"}],
    }
    assert answer.headers["cache-control"] == "no-store"
    (row,) = files.found(ada["email"])
    (event,) = files.service.sql("SELECT actor FROM audit_events WHERE user_id = %s", row["id"])
    assert event["actor"] == str(administrator[0].id)


@pytest.mark.parametrize(("source", "media_type"), [("keycloak", "application/json"), ("csv", "text/csv")])
async def test_each_format_has_its_media_type(
    files: UserFiles, administrator: tuple[Person, Pair], source: str, media_type: str
) -> None:
    content = b'{"users":[{"email":"ada@example.com"}]}' if source == "keycloak" else b"email\nada@example.com\n"
    answer = await post(files, administrator[1], content, media_type, format=source)
    assert answer.json()["stored"] == 1


async def test_a_dry_run_stores_nothing(files: UserFiles, administrator: tuple[Person, Pair]) -> None:
    ada = person()
    answer = await post(files, administrator[1], lines([ada]), dry_run=True)
    assert answer.json()["stored"] == 1
    assert files.found(ada["email"]) == []


async def test_a_malformed_file_is_refused_with_the_line_number(
    files: UserFiles, administrator: tuple[Person, Pair]
) -> None:
    answer = await post(files, administrator[1], b'email\nada@example.com\n"', "text/csv", format="csv")
    assert is_problem(answer, 422, "malformed_user_file")
    assert answer.json()["errors"][0]["pointer"] == "/body/line/3"
    assert files.found("ada@example.com")


async def test_a_conflict_is_refused_on_request(files: UserFiles, administrator: tuple[Person, Pair]) -> None:
    ada = person()
    answer = await post(files, administrator[1], lines([ada, ada]), on_conflict="fail")
    assert is_problem(answer, 409, "user_conflict")
    assert files.found(ada["email"]) == []


@pytest.mark.parametrize("role", ["support", "auditor"])
async def test_support_and_auditors_neither_import_nor_export(service_alone: Service, role: str) -> None:
    files = UserFiles(service_alone, service_alone.clock)
    someone, pair = await service_alone.register_and_log_in()
    service_alone.sql("UPDATE users SET roles = ARRAY[%s] WHERE id = %s", role, someone.id)
    ada = person()
    assert is_problem(await post(files, pair, lines([ada])), 403, "insufficient_scope")
    assert is_problem(await service_alone.authorized("POST", EXPORT, pair.access), 403, "insufficient_scope")
    assert files.found(ada["email"]) == []


async def test_a_role_beyond_the_own_scopes_is_refused_with_its_line(
    files: UserFiles, administrator: tuple[Person, Pair]
) -> None:
    files.service.sql("INSERT INTO roles (name, description, scopes) VALUES ('importer', '', '{admin:users:import}')")
    files.service.sql("UPDATE users SET roles = '{importer}' WHERE id = %s", administrator[0].id)
    answer = await post(files, administrator[1], lines([person(roles=["auditor"]), person(roles=["importer"])]))
    assert answer.json()["lines"] == [{"line": 1, "code": "beyond_own_scopes"}]
    assert answer.json()["stored"] == 1


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
async def test_an_export_has_all_users_without_hashes_and_can_be_imported(
    files: UserFiles, administrator: tuple[Person, Pair], format_: str
) -> None:
    await files.store(lines([person(email="=ada@example.com"), person()]))
    files.service.sql("UPDATE users SET created_at = %s", files.service.clock.now())
    answer = await files.service.authorized("POST", EXPORT, administrator[1].access, params={"format": format_})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="users.{format_}"'
    assert answer.content == await files.export(format_, with_hashes=False)  # type: ignore[arg-type] # a literal
    assert b"bcrypt" not in answer.content
    assert len(answer.content.splitlines()) == 3 + (format_ == "csv")
    media_type = answer.headers["content-type"].partition(";")[0]
    again = await post(files, administrator[1], answer.content, media_type, format=format_, keep_ids=True)
    assert again.json()["already_stored"] == 3
    (event,) = files.service.sql(
        "SELECT actor, data FROM audit_events WHERE type = 'user.all_exported' ORDER BY id LIMIT 1"
    )
    assert event == {"actor": str(administrator[0].id), "data": {"count": 3, "with_hashes": False}}


async def test_hashes_cannot_be_exported_over_http(files: UserFiles, administrator: tuple[Person, Pair]) -> None:
    for name in ("with_hashes", "hashes"):
        answer = await files.service.authorized("POST", EXPORT, administrator[1].access, params={name: "true"})
        assert answer.status_code == 422


async def test_lines_of_an_export_are_json(files: UserFiles, administrator: tuple[Person, Pair]) -> None:
    answer = await files.service.authorized("POST", EXPORT, administrator[1].access)
    (own,) = [json.loads(line) for line in answer.content.splitlines()]
    assert own["roles"] == ["admin"]
    assert own["id"] == str(administrator[0].id)
