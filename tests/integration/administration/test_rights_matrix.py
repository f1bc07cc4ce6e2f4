"""Rights by role: every call of administration in every role, on a plain user and on users with more rights."""

from typing import Any, Final
from uuid import uuid4

import pytest

from development.client import PASSWORD
from doorward.api.policy import NeedsScope
from doorward.api.routing import PolicyRoute
from doorward.domain.auth.scopes import ADMIN_SCOPES
from tests.integration.accounts.own_account import Owner, is_alive
from tests.integration.administration.administrator import INVITATIONS, ROLES, USERS, give, signed_in_with, stored, user
from tests.integration.oauth.clients import Oauth
from tests.integration.service import Service, is_problem

WEBHOOKS: Final = "/api/v1/admin/webhooks"
CLIENTS: Final = "/api/v1/admin/clients"
RESOURCES: Final = "/api/v1/admin/resources"
HOOK: Final = "http://127.0.0.1:9/hook"
ACTORS: Final = ("none", "auditor", "support", "admin")
TABLE: Final = """
call                                                none auditor support admin

GET    /api/v1/admin/users                           403     200     200   200
POST   /api/v1/admin/users                           403     403     403   201
GET    /api/v1/admin/users/{user_id}                 403     200     200   200
PATCH  /api/v1/admin/users/{user_id}                 403     403     403   200
DELETE /api/v1/admin/users/{user_id}                 403     403     403   204
POST   /api/v1/admin/users/{user_id}/deactivate      403     403     403   204
POST   /api/v1/admin/users/{user_id}/activate        403     403     403   204
POST   /api/v1/admin/users/{user_id}/password-reset  403     403     204   204
POST   /api/v1/admin/users/{user_id}/factors/reset   403     403     204   204
POST   /api/v1/admin/users/{user_id}/unthrottle      403     403     204   204
POST   /api/v1/admin/users/{user_id}/sessions/end    403     403     204   204
GET    /api/v1/admin/users/{user_id}/sessions        403     200     200   200
GET    /api/v1/admin/users/{user_id}/audit           403     200     403   200
GET    /api/v1/admin/roles                           403     200     200   200
POST   /api/v1/admin/roles                           403     403     403   201
GET    /api/v1/admin/roles/{name}                    403     200     200   200
PATCH  /api/v1/admin/roles/{name}                    403     403     403   200
DELETE /api/v1/admin/roles/{name}                    403     403     403   204
GET    /api/v1/admin/invitations                     403     200     200   200
POST   /api/v1/admin/invitations                     403     403     403   201
DELETE /api/v1/admin/invitations/{invitation_id}     403     403     403   204
GET    /api/v1/admin/audit                           403     200     403   200
POST   /api/v1/admin/users/import                    403     403     403   200
POST   /api/v1/admin/users/export                    403     403     403   200
GET    /api/v1/admin/webhooks                        403     403     403   200
POST   /api/v1/admin/webhooks                        403     403     403   201
GET    /api/v1/admin/webhooks/{webhook_id}           403     403     403   200
PATCH  /api/v1/admin/webhooks/{webhook_id}           403     403     403   200
DELETE /api/v1/admin/webhooks/{webhook_id}           403     403     403   204
POST   /api/v1/admin/webhooks/{webhook_id}/rotate-secret 403 403     403   200
POST   /api/v1/admin/webhooks/{webhook_id}/test      403     403     403   200
POST   /api/v1/admin/webhooks/{webhook_id}/replay    403     403     403   202
GET    /api/v1/admin/outbox                          403     403     403   200
POST   /api/v1/admin/outbox/retry                    403     403     403   202
POST   /api/v1/admin/outbox/{message_id}/retry       403     403     403   404
GET    /api/v1/admin/clients                         403     403     403   200
POST   /api/v1/admin/clients                         403     403     403   201
GET    /api/v1/admin/clients/{client_id}             403     403     403   200
PATCH  /api/v1/admin/clients/{client_id}             403     403     403   200
DELETE /api/v1/admin/clients/{client_id}             403     403     403   204
POST   /api/v1/admin/clients/{client_id}/rotate-secret 403     403     403   200
POST   /api/v1/admin/clients/{client_id}/disable     403     403     403   200
POST   /api/v1/admin/clients/{client_id}/enable      403     403     403   200
GET    /api/v1/admin/resources                       403     403     403   200
POST   /api/v1/admin/resources                       403     403     403   201
DELETE /api/v1/admin/resources/{resource_id}         403     403     403   204
GET    /api/v1/admin/keys                            403     403     403   200
POST   /api/v1/admin/keys/rotate                     403     403     403   200
POST   /api/v1/admin/keys/{kid}/revoke               403     403     403   404
"""
"""The status of each call by role, on a user without roles, a role without scopes, an invitation without roles, a
webhook without messages, an unknown dead letter and an unknown key."""

ACTING: Final = (
    ("PATCH", ""),
    ("DELETE", ""),
    ("DELETE", "?now=true"),
    ("POST", "/deactivate"),
    ("POST", "/activate"),
    ("POST", "/password-reset"),
    ("POST", "/factors/reset"),
    ("POST", "/unthrottle"),
    ("POST", "/sessions/end"),
)
"""The calls that act on a user."""


def rows() -> dict[str, list[str]]:
    lines = [line for line in TABLE.splitlines()[2:] if line]
    return {" ".join(line.split()[:2]): line.split()[2:] for line in lines}


def new_name() -> str:
    return f"w{uuid4().hex[:16]}"


def body(call: str, webhook_id: str) -> dict[str, Any]:
    """Return a valid request body for the call."""
    bodies: dict[str, dict[str, Any]] = {
        f"POST {USERS}": {"email": f"{new_name()}@example.com", "username": new_name(), "password": PASSWORD},
        f"PATCH {USERS}/{{user_id}}": {"username": new_name()},
        f"POST {ROLES}": {"name": new_name()},
        f"PATCH {ROLES}/{{name}}": {"description": "Other."},
        f"POST {INVITATIONS}": {"email": f"{new_name()}@example.com"},
        f"POST {WEBHOOKS}": {"url": HOOK},
        f"POST {CLIENTS}": {"name": "Nightly"},
        f"PATCH {CLIENTS}/{{client_id}}": {"name": "Report"},
        f"POST {RESOURCES}": {"identifier": f"https://{new_name()}.example"},
        "POST /api/v1/admin/outbox/retry": {"webhook_id": webhook_id},
        "POST /api/v1/admin/keys/rotate": {"at_once": True},
        f"PATCH {WEBHOOKS}/{{webhook_id}}": {"description": "Other."},
        f"POST {WEBHOOKS}/{{webhook_id}}/replay": {"since": "2026-03-01T00:00:00Z", "until": "2026-03-01T00:01:00Z"},
    }
    if call == f"POST {USERS}/import":
        return {"content": b"", "headers": {"Content-Type": "application/x-ndjson"}}
    return {"json": bodies[call]} if call in bodies else {}


def made_by_calls() -> dict[str, tuple[str, dict[str, str]]]:
    """Return, for each path parameter, the call that creates its object, and the body."""
    return {
        "webhook_id": (WEBHOOKS, {"url": HOOK}),
        "client_id": (CLIENTS, {"name": "Nightly"}),
        "resource_id": (RESOURCES, {"identifier": f"https://{new_name()}.example"}),
        "invitation_id": (INVITATIONS, {"email": f"{new_name()}@example.com"}),
    }


async def address(service: Service, admin: Owner, path: str) -> str:
    """Return the path with the id of a new object."""
    if "{name}" in path:
        name = new_name()
        await service.write("INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}')", name)
        return path.format(name=name)
    if "{kid}" in path:
        return path.format(kid=new_name())
    if "{message_id}" in path:
        return path.format(message_id=0)
    for parameter, (collection, new) in made_by_calls().items():
        if f"{{{parameter}}}" in path:
            made = (await admin.call("POST", collection, json=new)).json()
            return path.format(**{parameter: made.get(parameter) or made["id"]})
    return path.format(user_id=(await service.register()).id) if "{user_id}" in path else path


async def test_every_call_returns_the_status_of_the_table_for_each_role(outgoing: Service) -> None:
    actors = {role: await signed_in_with(outgoing, *([] if role == "none" else [role])) for role in ACTORS}
    webhook_id = (await actors["admin"].call("POST", WEBHOOKS, json={"url": HOOK})).json()["id"]
    measured: dict[str, list[str]] = {}
    for call in rows():
        method, path = call.split()
        answers = []
        for actor in actors.values():
            target = await address(outgoing, actors["admin"], path)
            answers.append(await actor.call(method, target, **body(call, webhook_id)))
        measured[call] = [str(answer.status_code) for answer in answers]
        assert {each.json()["code"] for each in answers if each.status_code == 403} <= {"insufficient_scope"}
    assert measured == rows()


def test_every_call_of_administration_has_a_row_and_a_separate_scope(lasting_service: Service) -> None:
    found = {}
    for route in lasting_service.app.routes:
        assert isinstance(route, PolicyRoute)
        if isinstance(route.policy.access, NeedsScope) and route.policy.access.scope in ADMIN_SCOPES:
            found[f"{route.call.method} {route.path_format}"] = route.policy.access.scope
        elif route.path.startswith("/api/v1/admin"):
            pytest.fail(f"{route.path} needs no scope of administration")
    assert set(found) == set(rows())
    assert TABLE.split("\n")[1].split()[1:] == list(ACTORS)


@pytest.mark.parametrize("held", [["admin"], ["auditor"], ["support", "auditor"]], ids="+".join)
async def test_support_is_refused_at_every_route_for_a_user_with_more_rights(mailing: Service, held: list[str]) -> None:
    support, target = await signed_in_with(mailing, "support"), await signed_in_with(mailing, *held)
    await signed_in_with(mailing, "admin")
    before = stored(mailing, target.person)
    for method, part in ACTING:
        options: dict[str, Any] = {"json": {"roles": []}} if method == "PATCH" else {}
        refused = await support.call(method, user(target.person) + part, **options)
        assert refused.json()["code"] in {"insufficient_scope", "beyond_own_scopes"}, (method, part)
        assert refused.status_code == 403
    for part in ("/password-reset", "/factors/reset", "/unthrottle", "/sessions/end"):
        refused = await support.call("POST", user(target.person) + part)
        assert is_problem(refused, 403, "beyond_own_scopes"), part
    assert stored(mailing, target.person) == before
    assert await is_alive(mailing, target.pair)


@pytest.mark.parametrize("held", [["support"], []], ids=["support", "none"])
async def test_support_can_act_on_users_with_equal_or_fewer_rights(mailing: Service, held: list[str]) -> None:
    support = await signed_in_with(mailing, "support")
    for part in ("/password-reset", "/factors/reset", "/unthrottle", "/sessions/end"):
        target = await signed_in_with(mailing, *held)
        assert (await support.call("POST", user(target.person) + part)).status_code == 204


async def test_a_caller_without_one_scope_of_the_target_is_refused_at_every_route(mailing: Service) -> None:
    """A single scope that the caller lacks is enough to protect the target."""
    everything, plain = sorted(ADMIN_SCOPES), new_name()
    await mailing.write("INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}')", plain)
    actor, target = await signed_in_with(mailing, plain), await signed_in_with(mailing)
    for missing in everything:
        above = new_name()
        own = [scope for scope in everything if scope != missing]
        await mailing.write("UPDATE roles SET scopes = %s WHERE name = %s", own, plain)
        await mailing.write("INSERT INTO roles (name, description, scopes) VALUES (%s, '', %s)", above, [missing])
        await give(mailing, target.person, above)
        for method, part in ACTING:
            options: dict[str, Any] = {"json": {"locale": "de"}} if method == "PATCH" else {}
            refused = await actor.call(method, user(target.person) + part, **options)
            assert refused.status_code == 403, (missing, method, part, refused.text)
    assert await is_alive(mailing, target.pair)


async def test_a_token_of_another_client_administers_only_within_its_scopes(service: Service) -> None:
    admin = await signed_in_with(service, "admin")
    client, _ = await Oauth(service, service.app.state.services.oauth).client()
    service.sql(
        "UPDATE sessions SET client_id = %s, created_at = created_at + interval '1 minute' WHERE user_id = %s",
        client.client_id,
        admin.person.id,
    )
    assert is_problem(await admin.call("GET", USERS), 403, "insufficient_scope")
