"""Access by caller: every call of the OpenAPI document, made in every state of a caller."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from development.client import PASSWORD, Pair, Person
from tests.integration.service import FakeClock, Service

STATES: Final = ("none", "malformed", "expired", "revoked", "deactivated", "other", "owner")
"""The caller's token: none; a damaged one; one of a session that has ended by time, by logout, or by deactivation of
its user; one of another user; one of the owner of the item or session. Where a recent proof is needed, all have
just logged in."""

TABLE: Final = """
call                                     none malformed expired revoked deactivated other owner

GET    /health/liveness                   200       200     200     200         200   200   200
GET    /health/readiness                  200       200     200     200         200   200   200
GET    /health/startup                    200       200     200     200         200   200   200

POST   /api/v1/auth/register              201       201     201     201         201   201   201
POST   /api/v1/auth/register/confirm      422       422     422     422         422   422   422
POST   /api/v1/auth/register/resend       403       403     403     403         403   403   403
POST   /api/v1/auth/invitations/accept    422       422     422     422         422   422   422
POST   /api/v1/auth/token                 422       401     200     200         401   200   200
POST   /api/v1/auth/second-factor/totp    422       422     422     422         422   422   422
POST   /api/v1/auth/second-factor/recovery-code 422 422     422     422         422   422   422
GET    /api/v1/auth/me                    401       401     401     401         401   200   200
POST   /api/v1/auth/refresh               422       401     401     401         401   200   200
POST   /api/v1/auth/revoke                422       204     204     204         204   204   204
POST   /api/v1/auth/password/forgot       403       403     403     403         403   403   403
POST   /api/v1/auth/password/reset        422       422     422     422         422   422   422
POST   /api/v1/auth/email/verify          401       401     401     401         401   422   422
POST   /api/v1/auth/second-factor/passkey 403       403     403     403         403   403   403
POST   /api/v1/auth/passkeys/options      403       403     403     403         403   403   403
POST   /api/v1/auth/passkeys/token        403       403     403     403         403   403   403
POST   /api/v1/auth/deletion/cancel       422       422     422     422         422   422   422

POST   /api/v1/account/email/verification 401       401     401     401         401   403   403
POST   /api/v1/account/email              401       401     401     401         401   403   403
DELETE /api/v1/account/email              401       401     401     401         401   204   204
POST   /api/v1/account/email/confirm      401       401     401     401         401   422   422
GET    /api/v1/account                    401       401     401     401         401   200   200
PATCH  /api/v1/account                    401       401     401     401         401   200   200
POST   /api/v1/account/password           401       401     401     401         401   200   200
POST   /api/v1/account/reauthenticate     401       401     401     401         401   200   200
GET    /api/v1/account/second-factors     401       401     401     401         401   200   200
POST   /api/v1/account/second-factors/totp 401      401     401     401         401   200   200
POST   /api/v1/account/second-factors/totp/confirm 401 401  401     401         401   422   422
DELETE /api/v1/account/second-factors/totp 401      401     401     401         401   404   404
POST   /api/v1/account/second-factors/recovery-codes 401 401 401    401         401   409   409
GET    /api/v1/account/applications       401       401     401     401         401   200   200
DELETE /api/v1/account/applications/{client_id} 401 401     401     401         401   404   404
GET    /api/v1/account/identities         401       401     401     401         401   200   200
DELETE /api/v1/account/identities/{identity_id} 401 401     401     401         401   404   404
GET    /api/v1/account/sessions           401       401     401     401         401   200   200
POST   /api/v1/account/sessions/end       401       401     401     401         401   204   204
DELETE /api/v1/account/sessions/{session_id} 401    401     401     401         401   404   204
GET    /api/v1/account/passkeys           401       401     401     401         401   403   403
POST   /api/v1/account/reauthenticate/options 401   401     401     401         401   403   403
POST   /api/v1/account/passkeys/options   401       401     401     401         401   403   403
POST   /api/v1/account/passkeys           401       401     401     401         401   403   403
PATCH  /api/v1/account/passkeys/{passkey_id} 401    401     401     401         401   403   403
DELETE /api/v1/account/passkeys/{passkey_id} 401    401     401     401         401   403   403
POST   /api/v1/account/export             401       401     401     401         401   200   200
POST   /api/v1/account/deletion           401       401     401     401         401   202   202

GET    /api/v1/admin/users                401       401     401     401         401   403   403
POST   /api/v1/admin/users                401       401     401     401         401   403   403
GET    /api/v1/admin/users/{user_id}      401       401     401     401         401   403   403
PATCH  /api/v1/admin/users/{user_id}      401       401     401     401         401   403   403
DELETE /api/v1/admin/users/{user_id}      401       401     401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/deactivate 401 401     401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/activate 401   401     401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/password-reset 401 401 401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/factors/reset 401 401  401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/unthrottle 401 401     401     401         401   403   403
POST   /api/v1/admin/users/{user_id}/sessions/end 401 401   401     401         401   403   403
GET    /api/v1/admin/users/{user_id}/sessions 401   401     401     401         401   403   403
GET    /api/v1/admin/users/{user_id}/audit 401      401     401     401         401   403   403
GET    /api/v1/admin/roles                401       401     401     401         401   403   403
POST   /api/v1/admin/roles                401       401     401     401         401   403   403
GET    /api/v1/admin/roles/{name}         401       401     401     401         401   403   403
PATCH  /api/v1/admin/roles/{name}         401       401     401     401         401   403   403
DELETE /api/v1/admin/roles/{name}         401       401     401     401         401   403   403
GET    /api/v1/admin/invitations          401       401     401     401         401   403   403
POST   /api/v1/admin/invitations          401       401     401     401         401   403   403
DELETE /api/v1/admin/invitations/{invitation_id} 401 401    401     401         401   403   403
GET    /api/v1/admin/audit                401       401     401     401         401   403   403
POST   /api/v1/admin/users/import         401       401     401     401         401   403   403
POST   /api/v1/admin/users/export         401       401     401     401         401   403   403
GET    /api/v1/admin/webhooks             401       401     401     401         401   403   403
POST   /api/v1/admin/webhooks             401       401     401     401         401   403   403
GET    /api/v1/admin/webhooks/{webhook_id} 401       401     401     401         401   403   403
PATCH  /api/v1/admin/webhooks/{webhook_id} 401       401     401     401         401   403   403
DELETE /api/v1/admin/webhooks/{webhook_id} 401       401     401     401         401   403   403
POST   /api/v1/admin/webhooks/{webhook_id}/rotate-secret 401       401     401     401         401   403   403
POST   /api/v1/admin/webhooks/{webhook_id}/test 401       401     401     401         401   403   403
POST   /api/v1/admin/webhooks/{webhook_id}/replay 401       401     401     401         401   403   403
GET    /api/v1/admin/outbox               401       401     401     401         401   403   403
POST   /api/v1/admin/outbox/retry         401       401     401     401         401   403   403
POST   /api/v1/admin/outbox/{message_id}/retry 401       401     401     401         401   403   403
GET    /api/v1/admin/clients              401       401     401     401         401   403   403
POST   /api/v1/admin/clients              401       401     401     401         401   403   403
GET    /api/v1/admin/clients/{client_id}  401       401     401     401         401   403   403
PATCH  /api/v1/admin/clients/{client_id}  401       401     401     401         401   403   403
DELETE /api/v1/admin/clients/{client_id}  401       401     401     401         401   403   403
POST   /api/v1/admin/clients/{client_id}/rotate-secret 401       401     401     401         401   403   403
POST   /api/v1/admin/clients/{client_id}/disable 401       401     401     401         401   403   403
POST   /api/v1/admin/clients/{client_id}/enable 401       401     401     401         401   403   403
GET    /api/v1/admin/resources            401       401     401     401         401   403   403
POST   /api/v1/admin/resources            401       401     401     401         401   403   403
DELETE /api/v1/admin/resources/{resource_id} 401       401     401     401         401   403   403
GET    /api/v1/admin/keys                 401       401     401     401         401   403   403
POST   /api/v1/admin/keys/rotate          401       401     401     401         401   403   403
POST   /api/v1/admin/keys/{kid}/revoke    401       401     401     401         401   403   403
GET    /api/v1/items                      401       401     401     401         401   200   200
POST   /api/v1/items                      401       401     401     401         401   201   201
GET    /api/v1/items/search               401       401     401     401         401   200   200
POST   /api/v1/items/import               401       401     401     401         401   200   200
GET    /api/v1/items/{item_id} private    401       401     401     401         401   404   200
PUT    /api/v1/items/{item_id} private    401       401     401     401         401   404   200
PATCH  /api/v1/items/{item_id} private    401       401     401     401         401   404   200
DELETE /api/v1/items/{item_id} private    401       401     401     401         401   404   204
GET    /api/v1/items/{item_id} shared     401       401     401     401         401   200   200
PUT    /api/v1/items/{item_id} shared     401       401     401     401         401   403   200
PATCH  /api/v1/items/{item_id} shared     401       401     401     401         401   403   200
DELETE /api/v1/items/{item_id} shared     401       401     401     401         401   403   204
"""
"""The token calls get a login or a refresh token instead: `none` sends an empty body, `malformed` a wrong password or a
damaged token. A login does not depend on earlier sessions; a logout never fails.

This service has no mail, so calls that need it refuse every caller. No caller has a role: the calls of administration
with roles are tested in tests/integration/administration/test_rights_matrix.py."""

ITEM: Final = {"title": "Casablanca"}
_CREDENTIAL: Final = {"id": "AAAA", "rawId": "AAAA", "type": "public-key"}
MADE: Final = {**_CREDENTIAL, "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"}}
SIGNED: Final = {
    **_CREDENTIAL,
    "response": {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"},
}
"""Well-formed credentials of unknown passkeys, because the service of the table has none."""

PASSKEY_BODIES: Final[Mapping[str, dict[str, Any]]] = {
    "POST /api/v1/auth/passkeys/options": {"json": {}},
    "POST /api/v1/auth/passkeys/token": {"json": {"credential": SIGNED}},
    "POST /api/v1/auth/second-factor/passkey": {"json": {"mfa_token": "dwt_made-up", "credential": SIGNED}},
    "POST /api/v1/account/passkeys": {"json": {"credential": MADE}},
    "PATCH /api/v1/account/passkeys/{passkey_id}": {"json": {"name": "My phone"}},
}

OF_SECOND_FACTORS: Final = {
    **PASSKEY_BODIES,
    "POST /api/v1/auth/second-factor/totp": {"json": {"mfa_token": "dwt_made-up", "code": "123456"}},
    "POST /api/v1/auth/second-factor/recovery-code": {"json": {"mfa_token": "dwt_made-up", "code": "123456"}},
    "POST /api/v1/account/second-factors/totp/confirm": {"json": {"token": "dwt_made-up", "code": "123456"}},
}


@dataclass(frozen=True)
class Caller:
    """A person in one of the states."""

    headers: dict[str, str]
    login: dict[str, str]
    refresh: dict[str, str]


Send = Callable[[Service, Caller, str], Awaitable[httpx.Response]]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _caller(person: Person, pair: Pair) -> Caller:
    login = {"username": person.username, "password": person.password}
    return Caller(_bearer(pair.access), login, {"refresh_token": pair.refresh})


async def _callers(service: Service, clock: FakeClock) -> dict[str, Caller]:
    """Return one person in each state."""
    expired = _caller(*await service.register_and_log_in())
    clock.advance(timedelta(days=8))
    revoked_person, revoked_pair = await service.register_and_log_in()
    assert (await service.post_revoke(revoked_pair.refresh)).status_code == 204
    inactive_person, inactive_pair = await service.register_and_log_in()
    service.set_active(inactive_person, active=False)
    owner_person, owner_pair = await service.register_and_log_in()
    damaged = Pair(owner_pair.access[:-1], owner_pair.refresh[:-1])
    wrong_password = Person(owner_person.id, owner_person.email, owner_person.username, f"not {PASSWORD}")
    return {
        "none": Caller({}, {}, {}),
        "malformed": _caller(wrong_password, damaged),
        "expired": expired,
        "revoked": _caller(revoked_person, revoked_pair),
        "deactivated": _caller(inactive_person, inactive_pair),
        "other": _caller(*await service.register_and_log_in()),
        "owner": _caller(owner_person, owner_pair),
    }


def _request(call: str, caller: Caller) -> dict[str, Any]:
    """Return a valid request for the call."""
    name = f"user-{uuid4().hex[:16]}"
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/v1/auth/register": {
            "json": {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        },
        "POST /api/v1/auth/register/confirm": {"json": {"token": "dwo_made-up", "password": PASSWORD}},
        "POST /api/v1/auth/register/resend": {"json": {"registration_token": "dwo_made-up"}},
        "POST /api/v1/auth/invitations/accept": {
            "json": {"token": "dwo_made-up", "username": name, "password": PASSWORD}
        },
        "POST /api/v1/auth/token": {
            "data": caller.login,
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        **OF_SECOND_FACTORS,
        "POST /api/v1/auth/refresh": {"json": caller.refresh},
        "POST /api/v1/auth/revoke": {"json": caller.refresh},
        "POST /api/v1/auth/password/forgot": {"json": {"email": f"{name}@example.com"}},
        "POST /api/v1/auth/password/reset": {"json": {"token": "dwo_made-up", "new_password": PASSWORD}},
        "POST /api/v1/auth/email/verify": {"json": {"code": "12345678"}},
        "POST /api/v1/auth/deletion/cancel": {"json": {"restore_token": "dwt_made-up"}},
        "POST /api/v1/account/email": {"json": {"new_email": f"{name}@example.com"}},
        "POST /api/v1/account/email/confirm": {"json": {"code": "12345678"}},
        "PATCH /api/v1/account": {"json": {"username": name}},
        "POST /api/v1/account/password": {
            "json": {"current_password": caller.login.get("password", PASSWORD), "new_password": f"{PASSWORD} twice"}
        },
        "POST /api/v1/account/reauthenticate": {"json": {"password": caller.login.get("password", PASSWORD)}},
        "POST /api/v1/account/sessions/end": {"json": {"which": "all"}},
        "POST /api/v1/items": {"json": ITEM},
        "GET /api/v1/items/search": {"params": {"q": "casablanca"}},
        "POST /api/v1/admin/users/import": {"content": b"", "headers": {"Content-Type": "application/x-ndjson"}},
        "POST /api/v1/items/import": {"content": b"title\nM\n", "headers": {"Content-Type": "text/csv"}},
        "PUT /api/v1/items/{item_id}": {"json": ITEM},
        "PATCH /api/v1/items/{item_id}": {"json": ITEM},
    }
    request = bodies.get(call, {})
    return {**request, "headers": {**request.get("headers", {}), **caller.headers}}


async def _status(service: Service, row: str, callers: dict[str, Caller], state: str) -> int:
    """Make one call on a new item of the owner."""
    method, path, *visibility = row.split()
    item = {**ITEM, "visibility": (visibility or ["private"])[0]}
    if "{item_id}" in path:
        made = await service.client.post("/api/v1/items", json=item, headers=callers["owner"].headers)
        assert made.status_code == 201, made.text
        address = path.format(item_id=made.json()["id"])
    elif "{session_id}" in path:
        listed = await service.client.get("/api/v1/account/sessions", headers=callers["owner"].headers)
        # In the last cell the owner ends the session of the call.
        address = path.format(session_id=listed.json()["sessions"][0]["id"])
    else:
        names = "user_id invitation_id passkey_id identity_id webhook_id resource_id"
        ids = dict.fromkeys(names.split(), uuid4())
        address = path.format(name="support", client_id="dwc_made-up", message_id=1, kid="made-up", **ids)
    answer = await service.client.request(method, address, **_request(f"{method} {path}", callers[state]))
    return answer.status_code


def _rows() -> dict[str, str]:
    """Return each row's call and visibility, and the text of the row."""
    lines = [line for line in TABLE.splitlines()[2:] if line]
    return {" ".join(line.split()[: -len(STATES)]): " ".join(line.split()) for line in lines}


async def test_every_call_returns_the_status_of_the_table_for_each_caller(service: Service, clock: FakeClock) -> None:
    measured: dict[str, str] = {}
    for row in _rows():
        callers = await _callers(service, clock)
        cells = [await _status(service, row, callers, state) for state in STATES]
        measured[row] = " ".join([row, *map(str, cells)])
    assert measured == _rows()


async def test_every_call_of_the_openapi_document_has_a_row(service: Service) -> None:
    assert TABLE.split("\n")[1].split()[1:] == list(STATES)
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    documented = {f"{method.upper()} {path}" for path, calls in paths.items() for method in calls}
    assert {" ".join(row.split()[:2]) for row in _rows()} == documented


async def test_only_html_pages_are_missing_from_the_openapi_document(service: Service) -> None:
    hidden = {route.path for route in service.app.routes if not route.include_in_schema}  # type: ignore[attr-defined] # all have a policy
    assert {path for path in hidden if not path.startswith("/docs/assets/")} == {
        "/",
        "/docs",
        "/redoc",
        "/openapi.json",
    }
