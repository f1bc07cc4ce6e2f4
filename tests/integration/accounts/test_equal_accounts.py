"""Wrong passwords are counted in one row of an account, in every state and at every endpoint."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from doorward.domain.accounts.deletion import GRACE
from tests.integration.accounts.leaving import RESTORE_PAGE, leave
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.mailbox import make_service_with_mail
from tests.integration.service import MakeService, Service, mark

WRONG: Final = "no account has this password"
PAGES: Final = (RESTORE_PAGE, "/account/verify-email", "/account/confirm-email-change")
"""Each accepts a username and a password, without a session."""


@pytest.fixture
async def service(make_service: MakeService, own_database: str, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path, database_url=own_database, background="off")


async def deactivate(owner: Owner) -> None:
    await owner.service.deactivate(owner.person)


async def exceed_grace_period(owner: Owner) -> None:
    await leave(owner)
    owner.service.clock.advance(GRACE)


async def stay(_owner: Owner) -> None:
    pass


STATES: Final[dict[str, Callable[[Owner], Awaitable[object]]]] = {
    "active": stay,
    "deactivated": deactivate,
    "waiting for the deletion": leave,
    "due for the deletion": exceed_grace_period,
}


async def address_of(service: Service, state: str) -> str:
    """Return the address of an account in this state, or of no account for an unknown state."""
    if state not in STATES:
        return f"{mark()}@example.com"
    owner = await signed_in(service)
    await STATES[state](owner)
    return owner.person.email


async def wrong_answers(service: Service, address: str) -> list[int]:
    """Send a wrong password to every endpoint that accepts one, from an unknown IP address; return the statuses."""
    stranger, form = service.client_at("198.51.100.9"), {"username": address, "password": WRONG, "code": "12345678"}
    answers = [await stranger.post(page, data=form) for page in (*PAGES, "/api/v1/auth/token")]
    return [each.status_code for each in answers]


@pytest.mark.parametrize("state", [*STATES, "unknown"])
async def test_every_endpoint_counts_a_wrong_password_in_the_one_row_of_its_account(
    service: Service, state: str
) -> None:
    address = await address_of(service, state)
    service.sql("DELETE FROM login_throttles")
    assert await wrong_answers(service, address) == [422, 422, 422, 401]
    assert service.sql("SELECT failures FROM login_throttles") == [{"failures": len(PAGES) + 1}]
