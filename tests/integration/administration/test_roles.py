"""Custom roles over HTTP and by command: within the caller's scopes, effective at the next request."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from doorward.commands.main import main
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import INVITATIONS, ROLES, USERS, give, signed_in_with, user
from tests.integration.open_transactions import open_transaction
from tests.integration.service import Service, is_problem, statuses

READ, WRITE, ROLES_WRITE = "admin:users:read", "admin:users:write", "admin:roles:write"
Run = Callable[..., Awaitable[int]]


def name() -> str:
    return f"r-{uuid4().hex[:12]}"


async def define(actor: Owner, *scopes: str, called: str | None = None) -> dict[str, Any]:
    body = {"name": called or name(), "description": "For a test.", "scopes": list(scopes)}
    answer = await actor.call("POST", ROLES, json=body)
    assert answer.status_code == 201, answer.text
    role: dict[str, Any] = answer.json()
    return role


async def test_the_built_in_roles_are_listed_first_and_cannot_be_changed(admin: Owner) -> None:
    role = await define(admin)
    listed = (await admin.call("GET", ROLES)).json()["roles"]
    assert [each["name"] for each in listed[:3]] == ["admin", "auditor", "support"]
    assert role["name"] in [each["name"] for each in listed[3:]]
    for each in listed[:3]:
        refused = await admin.call("PATCH", f"{ROLES}/{each['name']}", json={"scopes": []})
        assert is_problem(refused, 409, "role_built_in")
        assert is_problem(await admin.call("DELETE", f"{ROLES}/{each['name']}"), 409, "role_built_in")


async def test_a_custom_role_is_defined_granted_changed_and_removed(admin: Owner, service: Service) -> None:
    role = await define(admin, READ)
    holder = await signed_in_with(service, role["name"])
    assert (await holder.call("GET", USERS)).status_code == 200
    path = f"{ROLES}/{role['name']}"
    changed = await admin.call("PATCH", path, json={"scopes": ["admin:audit:read"]}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["description"]) == (200, '"2"', "For a test.")
    assert is_problem(await holder.call("GET", USERS), 403, "insufficient_scope")
    assert is_problem(await admin.call("DELETE", path), 409, "role_in_use")
    await give(service, holder.person)
    assert is_problem(await admin.call("DELETE", path, headers={"If-Match": '"1"'}), 412, "stale_role")
    assert (await admin.call("DELETE", path)).status_code == 204
    assert is_problem(await admin.call("GET", path), 404, "role_not_found")
    rows = service.sql(
        "SELECT data->>'change' AS change, actor FROM audit_events WHERE data->>'role_id' = %s ORDER BY id", role["id"]
    )
    assert [tuple(row.values()) for row in rows] == [
        (change, admin.person.id) for change in ("created", "changed", "removed")
    ]


async def test_a_repeated_scope_is_stored_once(admin: Owner) -> None:
    role = await define(admin, READ, READ)
    changed = await admin.call("PATCH", f"{ROLES}/{role['name']}", json={"scopes": [WRITE, READ, WRITE]})
    assert (role["scopes"], changed.json()["scopes"]) == ([READ], [READ, WRITE])


async def test_a_role_has_a_version_for_conditional_requests(admin: Owner) -> None:
    role = await define(admin)
    path = f"{ROLES}/{role['name']}"
    assert (await admin.call("GET", path)).headers["etag"] == '"1"'
    assert (await admin.call("GET", path, headers={"If-None-Match": '"1"'})).status_code == 304
    stale = await admin.call("PATCH", path, json={"description": "Other"}, headers={"If-Match": '"7"'})
    assert is_problem(stale, 412, "stale_role")


async def test_roles_beyond_the_own_scopes_cannot_be_defined_changed_or_removed(admin: Owner, service: Service) -> None:
    keeper_role = await define(admin, READ, ROLES_WRITE)
    strong, weak = await define(admin, WRITE), await define(admin, READ)
    keeper = await signed_in_with(service, keeper_role["name"])
    body = {"name": name(), "scopes": [READ, WRITE]}
    assert is_problem(await keeper.call("POST", ROLES, json=body), 403, "beyond_own_scopes")
    for path, change in [(strong, {"scopes": []}), (strong, {"description": "mine"}), (weak, {"scopes": [WRITE]})]:
        refused = await keeper.call("PATCH", f"{ROLES}/{path['name']}", json=change)
        assert is_problem(refused, 403, "beyond_own_scopes")
    assert is_problem(await keeper.call("DELETE", f"{ROLES}/{strong['name']}"), 403, "beyond_own_scopes")
    assert (await keeper.call("DELETE", f"{ROLES}/{weak['name']}")).status_code == 204
    assert (await admin.call("GET", f"{ROLES}/{strong['name']}")).json()["scopes"] == [WRITE]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Admin"}, "invalid_role_name"),
        ({"name": "a"}, "invalid_role_name"),
        ({"name": "a" * 33}, "invalid_role_name"),
        ({"name": "ro le"}, "invalid_role_name"),
        ({"name": "x\x00y"}, "invalid_role_name"),
        ({"name": "fine-name", "description": "two\nlines"}, "invalid_role_description"),
        ({"name": "fine-name", "description": "x" * 201}, "invalid_role_description"),
        ({"name": "fine-name", "scopes": ["admin:everything"]}, "invalid_request"),
        ({"name": "fine-name", "scopes": ["account"]}, "invalid_request"),
        ({"name": "fine-name", "is_built_in": True}, "invalid_request"),
    ],
)
async def test_an_invalid_role_is_refused_with_its_own_code(admin: Owner, body: dict[str, Any], code: str) -> None:
    assert is_problem(await admin.call("POST", ROLES, json=body), 422, code)


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "a%2Fb", "UPPER", "x" * 200])
async def test_an_invalid_role_name_is_not_found(admin: Owner, odd: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        assert (await admin.call(method, f"{ROLES}/{odd}", **body)).status_code == 404


async def test_of_roles_with_one_name_created_concurrently_one_is_stored(admin: Owner) -> None:
    body = {"name": name()}
    answers = await asyncio.gather(*(admin.call("POST", ROLES, json=body) for _ in range(6)))
    assert statuses(answers) == [201, *[409] * 5]


async def test_a_role_granted_during_its_removal_is_assigned_to_no_user(admin: Owner, service: Service) -> None:
    for _ in range(5):
        role, target = await define(admin), await service.register()
        granted, removed = await asyncio.gather(
            admin.call("PATCH", user(target), json={"roles": [role["name"]]}),
            admin.call("DELETE", f"{ROLES}/{role['name']}"),
        )
        assert (granted.status_code, removed.status_code) in {(200, 409), (422, 204)}


async def test_a_role_cannot_be_removed_while_a_live_invitation_has_it(mailing: Service) -> None:
    admin = await signed_in_with(mailing, "admin")
    role = await define(admin)
    body = {"email": f"{name()}@example.com", "roles": [role["name"]]}
    assert (await admin.call("POST", INVITATIONS, json=body)).status_code == 201
    assert is_problem(await admin.call("DELETE", f"{ROLES}/{role['name']}"), 409, "role_in_use")
    await mailing.write(
        "UPDATE invitations SET expires_at = %s WHERE %s = ANY(roles)", mailing.clock.now(), role["name"]
    )
    assert (await admin.call("DELETE", f"{ROLES}/{role['name']}")).status_code == 204


async def test_there_are_at_most_a_hundred_roles(service_alone: Service) -> None:
    admin = await signed_in_with(service_alone, "admin")
    service_alone.sql(
        "INSERT INTO roles (name, description, scopes) SELECT 'r' || n, '', '{}' FROM generate_series(1, 97) AS n"
    )
    refused = await admin.call("POST", ROLES, json={"name": "one-more"})
    assert is_problem(refused, 409, "too_many_roles")


async def test_of_two_concurrent_roles_at_the_limit_one_is_refused(service_alone: Service) -> None:
    admin = await signed_in_with(service_alone, "admin")
    service_alone.sql(
        "INSERT INTO roles (name, description, scopes) SELECT 'r' || n, '', '{}' FROM generate_series(1, 96) AS n"
    )
    async with open_transaction(service_alone.database_url) as other:
        await other.run("INSERT INTO roles (name, description, scopes) VALUES ('hundredth', '', '{}')")
        creating = asyncio.create_task(admin.call("POST", ROLES, json={"name": "one-more"}))
        await other.blocks(creating)
        await other.commit()
        assert is_problem(await creating, 409, "too_many_roles")


@pytest.fixture
def run(environment: pytest.MonkeyPatch, service: Service) -> Run:
    environment.setenv("DATABASE_URL", service.database_url)

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, arguments)

    return run


async def test_an_operator_manages_roles_by_command(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    called = name()
    assert await run("roles", "create", called, "--scope", READ, "--description", "By command.") == 0
    assert capsys.readouterr().out == f"{called}\t{READ}\tBy command.\n"
    assert await run("roles", "change", called, "--no-scopes") == 0
    assert await run("roles", "list") == 0
    assert f"{called}\t\tBy command.\n" in capsys.readouterr().out
    assert await run("roles", "remove", called) == 0
    assert await run("roles", "remove", called) == 1
    assert "There is no role of this name" in capsys.readouterr().err
    assert await run("roles", "change", "admin", "--scope", READ) == 1
    rows = service.sql("SELECT actor, data FROM audit_events WHERE type = 'role.changed' ORDER BY id DESC LIMIT 3")
    assert {row["actor"].partition(":")[0] for row in rows} == {"operator"}
    assert [json.loads(json.dumps(row["data"]))["change"] for row in rows] == ["removed", "changed", "created"]
