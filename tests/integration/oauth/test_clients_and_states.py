"""The access of a client, which has no account and no second factor, for each operation and each of its states."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import httpx
import pytest

from doorward.core.versions import any_version
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, Machine, Provider
from tests.integration.service import MakeService

TABLE: Final = """
operation       active disabled enabled rotated expired removed

secret          200    401      200     200     401     401
introspection   200    401      200     200     401     401
token           200    401      401     200     200     401
account         403    401      401     403     403     401
administration  403    401      401     403     403     401
"""
"""The status of each operation. `token` uses an earlier access token at a resource of this service, `account` the same
token at the user's own account, and `administration` at users: a client is not a user in any state, so no second factor
is required, and none would help. `enabled` follows `disabled`: the secret is valid again, earlier tokens are not.
`rotated` is within the seven days in which the previous secret is valid, `expired` is after them."""

STATES: Final = tuple(TABLE.split("\n")[1].split()[1:])
ROWS: Final = {line.split()[0]: line.split()[1:] for line in TABLE.split("\n")[2:] if line}
SECOND: Final = timedelta(seconds=1)
OVERLAP: Final = timedelta(days=7)

Act = Callable[[Provider, Machine], Awaitable[object]]


async def stay(_: Provider, __: Machine) -> None:
    """Leave the client as it is."""


async def disable(provider: Provider, machine: Machine) -> None:
    await provider.clients.disable(OPERATOR, machine.id, any_version)


async def enable(provider: Provider, machine: Machine) -> None:
    await disable(provider, machine)
    await provider.clients.enable(OPERATOR, machine.id, any_version)
    provider.clock.advance(SECOND)


async def rotate(provider: Provider, machine: Machine) -> None:
    await provider.clients.rotate_secret(OPERATOR, machine.id, any_version)


async def remove(provider: Provider, machine: Machine) -> None:
    await provider.clients.delete(OPERATOR, machine.id, any_version)


BRINGING: Final[dict[str, Act]] = {
    "active": stay,
    "disabled": disable,
    "enabled": enable,
    "rotated": rotate,
    "expired": rotate,
    "removed": remove,
}
WAYS: Final[dict[str, Callable[[Machine, str], Awaitable[httpx.Response]]]] = {
    "secret": lambda machine, _: machine.post_token(),
    "introspection": lambda machine, token: machine.post("/oauth/introspect", token=token),
    "token": lambda machine, token: machine.provider.service.authorized("GET", "/api/v1/items", token),
    "account": lambda machine, token: machine.provider.service.authorized("GET", "/api/v1/account", token),
    "administration": lambda machine, token: machine.provider.service.authorized("GET", "/api/v1/admin/users", token),
}


@pytest.mark.parametrize("state", STATES)
async def test_each_operation_of_a_client_is_answered_by_its_state(make_service: MakeService, state: str) -> None:
    """Administration requires two factors here, as in production: a client is refused before they are checked."""
    provider = Provider(await make_service(public_url=ISSUER, admin_requires_second_factor=True))
    measured: dict[str, str] = {}
    for name, way in WAYS.items():
        machine = await provider.machine()
        token = await machine.token()
        await BRINGING[state](provider, machine)
        if state == "expired":
            provider.clock.advance(OVERLAP)
            # Tokens of clients are valid for minutes, so this one is issued now.
            token = await Machine(provider, machine.client, await another_secret(provider, machine)).token()
        measured[name] = str((await way(machine, token)).status_code)
    assert measured == {name: cells[STATES.index(state)] for name, cells in ROWS.items()}


async def another_secret(provider: Provider, machine: Machine) -> str:
    """Rotate the secret of the client; return the new one."""
    made = await provider.clients.rotate_secret(OPERATOR, machine.id, any_version)
    assert made.secret is not None
    return made.secret


def test_every_operation_has_a_row_and_every_row_a_cell_for_each_state() -> None:
    assert WAYS.keys() == ROWS.keys()
    assert BRINGING.keys() == set(STATES)
    assert {len(cells) for cells in ROWS.values()} == {len(STATES)}
