"""Which token may call which route of client registration."""

from typing import Final

from doorward.api.policy import NeedsRegistrationToken
from doorward.api.routing import PolicyRoute
from tests.integration.oauth.provider import Provider
from tests.integration.oauth.registering import REGISTER, call, client_metadata, initial, own, registered

STATES: Final = ("anonymous", "malformed", "user", "used_up", "initial", "stranger", "owner")
"""The token that is sent: none; not a token; an access token of a user; an initial access token without uses left, or
with one; the registration access token of another client, or of the client itself."""

TABLE: Final = """
call                              anonymous malformed user used_up initial stranger owner

POST   /oauth/register                  401       401  401     401     201      401   401
GET    /oauth/register/{client_id}      401       401  401     401     401      401   200
PUT    /oauth/register/{client_id}      401       401  401     401     401      401   200
DELETE /oauth/register/{client_id}      401       401  401     401     401      401   204
"""


def _rows() -> dict[str, list[str]]:
    lines = [line.split() for line in TABLE.splitlines()[2:] if line]
    return {f"{method} {path}": statuses for method, path, *statuses in lines}


async def _status(provider: Provider, row: str, state: str) -> int:
    method, path = row.split()
    body, other = await registered(provider), await registered(provider)
    if state == "used_up":
        spent = await initial(provider)
        assert (await call(provider, "POST", REGISTER, spent, **client_metadata())).status_code == 201
    tokens = {
        "anonymous": None,
        "malformed": "dwi_%%%",
        "user": (await provider.service.register_and_log_in())[1].access if state == "user" else None,
        "used_up": spent if state == "used_up" else None,
        "initial": await initial(provider),
        "stranger": own(other)[1],
        "owner": own(body)[1],
    }
    metadata = client_metadata() if method == "POST" else client_metadata(client_id=body["client_id"])
    address = path.replace("{client_id}", body["client_id"])
    return (await call(provider, method, address, tokens[state], **metadata)).status_code


async def test_every_route_of_registration_answers_each_token_as_in_the_table(provider: Provider) -> None:
    measured = {row: [str(await _status(provider, row, state)) for state in STATES] for row in _rows()}
    assert measured == _rows()


def test_every_route_that_needs_a_registration_token_has_a_row(provider: Provider) -> None:
    assert tuple(TABLE.split("\n")[1].split()[1:]) == STATES
    routes = [route for route in provider.service.app.routes if isinstance(route, PolicyRoute)]
    needed = [each for each in routes if isinstance(each.policy.access, NeedsRegistrationToken)]
    assert set(_rows()) == {f"{route.call.method} {route.path}" for route in needed}
