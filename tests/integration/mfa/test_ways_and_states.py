"""The access of an account with a second factor, for each operation and each state of the account."""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import pytest

from tests.integration.mfa.holder import BRINGING, INVITATION, ORIGIN, PASSKEY, RESET, Holder, holder
from tests.integration.service import MakeService, Service

TABLE: Final = """
operation         active   ended    deactivated unverified forced   pending  restored throttled removed

password          due      due      refused     unverified forced   pending  due      due       200
remembered_device 200      due      refused     unverified forced   pending  due      200       200
application       200      code     code        code       code     code     code     wait      code
recovery_code     200      code     code        code       code     code     code     200       code
passkey_after_it  200      over     over        code       over     over     over     200       over
passkey           200      200      passkey     unverified forced   pending  200      200       unknown
reset             due      due      token       200        token    token    token    due       200
invitation        taken    taken    taken       taken      taken    taken    taken    taken     taken
refresh_token     200      token    token       200        token    token    token    200       token
access_token      200      401      401         200        401      401      401      200       401
proof_by_password 200      401      401         200        401      401      401      200       401
proof_by_code     200      401      401         200        401      401      401      200       401
"""
"""The result of each operation. The pending login, the remembered device and the session are from before the account
got its state: `ended` is after the end of all sessions, `unverified` where logins require a verified address, `forced`
after an administrator forced a password reset, `restored` after a cancelled deletion, `throttled` after five wrong
codes in a row of that login, `removed` after an administrator removed all factors.

`passkey_after_it` completes the pending login with the passkey, if that login is valid; `passkey` signs in with the
passkey alone. `reset` is a mailed link and then the new password; for an account whose address was never verified it
removes the factors, which the mailbox's owner did not set up. `invitation` is an invitation to the address from before
the account was created. Clients, which have no account, have a separate table:
tests/integration/oauth/test_clients_and_states.py."""

STATES: Final = tuple(TABLE.split("\n")[1].split()[1:])
ROWS: Final = {line.split()[0]: line.split()[1:] for line in TABLE.split("\n")[2:] if line}
WORDS: Final = {
    "second_factor_required": "due",
    "invalid_credentials": "refused",
    "email_not_verified": "unverified",
    "password_change_required": "forced",
    "deletion_pending": "pending",
    "invalid_second_factor": "code",
    "login_throttled": "wait",
    "invalid_refresh_token": "token",
    "invalid_token": "token",
    "invalid_mfa_token": "over",
    "invalid_passkey": "passkey",
    "unknown_passkey": "unknown",
    "email_taken": "taken",
}


HELD: Final = {"passkey_after_it": PASSKEY, "passkey": PASSKEY, "reset": RESET, "invitation": INVITATION}
"""What some operations need besides a session, a device and a pending login."""

WAYS: Final[dict[str, Callable[[Holder], Awaitable[httpx.Response]]]] = {
    "password": lambda each: each.protected.post_token(),
    "remembered_device": lambda each: each.protected.post_token(**{"Doorward-Device": each.device}),
    "application": lambda each: each.protected.post_code(each.mfa_token, each.protected.code()),
    "recovery_code": lambda each: each.complete_by_recovery_code(),
    "passkey_after_it": lambda each: each.complete_by_passkey(),
    "passkey": lambda each: each.sign_in_by_passkey(),
    "reset": lambda each: each.reset_password(),
    "invitation": lambda each: each.accept_invitation(),
    "refresh_token": lambda each: each.service.post_refresh(each.protected.pair.refresh),
    "access_token": lambda each: each.service.get_me(each.protected.pair.access),
    "proof_by_password": lambda each: each.protected.post_reauthenticate(),
    "proof_by_code": lambda each: each.protected.post_proof(each.protected.code()),
}


@pytest.fixture
async def service(make_service: MakeService, own_database: str) -> Service:
    return await make_service(
        database_url=own_database,
        public_url=ORIGIN,
        login_requires_verified_email=True,
        remembered_device_days=30,
    )


def word_of(answer: httpx.Response) -> str:
    code = "" if answer.status_code == 200 else answer.json()["code"]
    return WORDS.get(code, str(answer.status_code))


@pytest.mark.parametrize("state", STATES)
async def test_each_operation_is_answered_by_the_state_of_its_account(service: Service, state: str) -> None:
    measured: dict[str, str] = {}
    for name, way in WAYS.items():
        each = await holder(service, HELD.get(name, ""))
        await BRINGING[state](each)
        measured[name] = word_of(await way(each))
    assert measured == {name: cells[STATES.index(state)] for name, cells in ROWS.items()}


def test_every_operation_has_a_row_and_every_row_a_cell_for_each_state() -> None:
    assert WAYS.keys() == ROWS.keys()
    assert {len(cells) for cells in ROWS.values()} == {len(STATES)}
