"""Which client may call which endpoint of the provider, for each state of the client."""

from typing import Any, Final

from doorward.api.routing import PolicyRoute
from doorward.core.versions import any_version
from doorward.domain.oauth.client_secret import new_secret
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import Machine, Provider

STATES: Final = ("anonymous", "malformed", "wrong_secret", "disabled", "public", "stranger", "owner")
"""The caller's credentials: none; an invalid header; a wrong secret; the correct secret of a disabled client; the
id of the built-in client, which has no secret; the credentials of another client; those of the token's client."""

TABLE: Final = """
call                                      anonymous malformed wrong_secret disabled public stranger owner

GET  /.well-known/oauth-authorization-server    200       200          200      200    200      200   200
GET  /.well-known/openid-configuration          200       200          200      200    200      200   200
GET  /oauth/jwks                                200       200          200      200    200      200   200
GET  /oauth/authorize                           400       400          400      400    400      400   400
POST /oauth/authorize                           303       303          303      303    303      303   303
GET  /oauth/logout                              200       200          200      200    200      200   200
POST /oauth/logout                              303       303          303      303    303      303   303
GET  /oauth/userinfo                            401       401          401      401    401      401   401
POST /oauth/userinfo                            401       401          401      401    401      401   401
POST /oauth/token client_credentials            401       401          401      401    400      200   200
POST /oauth/token refresh_token                 401       401          401      401    200      400   400
POST /oauth/token authorization_code            401       401          401      401    400      400   400
POST /oauth/introspect                          401       401          401      401    401      200   200
POST /oauth/revoke                              401       401          401      401    200      200   400
POST /oauth/par                                 401       401          401      401    400      400   400
POST /oauth/device_authorization                401       401          401      401    400      400   400
POST /oauth/token urn:ietf:params:oauth:grant-type:device_code 401 401 401  401    400      400   400
"""
"""The refreshed session is the built-in client's. The introspected and revoked token is a client credentials token of
the owner, which no call revokes. No pushed request contains a redirect URI, and no client has the device grant."""

BROWSER_PATHS: Final = {"/oauth/authorize", "/oauth/logout", "/oauth/userinfo"}
"""Endpoints that browsers call, or applications with a user's token: clients do not authenticate there. Other tests
check the rights of users."""


def _rows() -> dict[str, str]:
    lines = [line for line in TABLE.splitlines()[2:] if line]
    return {" ".join(line.split()[: -len(STATES)]): " ".join(line.split()) for line in lines}


async def _callers(provider: Provider) -> tuple[Machine, dict[str, dict[str, Any]]]:
    """Return the owner, and the credentials that are sent in each state."""
    grants = ("client_credentials", "refresh_token")
    owner, stranger = await provider.machine(grant_types=grants), await provider.machine(grant_types=grants)
    disabled = await provider.machine(grant_types=grants)
    await provider.clients.disable(OPERATOR, disabled.id, any_version)
    return owner, {
        "anonymous": {},
        "malformed": {"headers": {"Authorization": "Basic %%%"}},
        "wrong_secret": {"auth": (owner.id, new_secret())},
        "disabled": {"auth": (disabled.id, disabled.secret)},
        "public": {"form": {"client_id": "doorward"}},
        "stranger": {"auth": (stranger.id, stranger.secret)},
        "owner": {"auth": (owner.id, owner.secret)},
    }


async def _form(provider: Provider, owner: Machine, path: str, grant: str) -> dict[str, Any]:
    if path == "/oauth/token" and grant == "refresh_token":
        _, pair = await provider.service.register_and_log_in()
        return {"grant_type": grant, "refresh_token": pair.refresh}
    if path == "/oauth/token":
        return {"grant_type": grant, "code": "unknown", "device_code": "unknown"}
    return {"state": "x"} if path in BROWSER_PATHS else {"token": await owner.token()}


async def _status(provider: Provider, row: str, owner: Machine, shown: dict[str, Any]) -> int:
    method, path, *rest = row.split()
    shown = dict(shown)
    if method == "GET":
        return (await provider.service.client.get(path, headers=shown.get("headers"))).status_code
    form = {**await _form(provider, owner, path, *(rest or [""])), **shown.pop("form", {})}
    return (await provider.post(path, form, **shown)).status_code


async def test_every_endpoint_answers_each_client_as_in_the_table(lasting_provider: Provider) -> None:
    measured = {}
    owner, callers = await _callers(lasting_provider)
    for row in _rows():
        cells = [await _status(lasting_provider, row, owner, callers[state]) for state in STATES]
        measured[row] = " ".join([row, *map(str, cells)])
    assert measured == _rows()


def test_every_endpoint_of_the_provider_has_a_row(lasting_provider: Provider) -> None:
    assert tuple(TABLE.split("\n")[1].split()[1:]) == STATES
    routes = [route for route in lasting_provider.service.app.routes if isinstance(route, PolicyRoute)]
    calls = {
        f"{route.call.method} {route.path}" for route in routes if route.path.startswith(("/oauth/", "/.well-known/o"))
    }
    assert {" ".join(row.split()[:2]) for row in _rows()} == calls
