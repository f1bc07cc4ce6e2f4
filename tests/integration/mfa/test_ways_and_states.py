"""Every way in and on of an account with a second factor, in every state that the account can be in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx
import pytest

from development.client import pair
from doorward.domain.administration.models import OPERATOR
from tests.integration.accounts.leaving import CANCEL
from tests.integration.accounts.own_account import ACCOUNT, Owner
from tests.integration.mfa.protected import Protected
from tests.integration.service import MakeService, Service

TABLE: Final = """
way               active   ended    deactivated unverified forced   pending  restored throttled removed

password          due      due      refused     unverified forced   pending  due      due       200
remembered_device 200      due      refused     unverified forced   pending  due      200       200
application       200      code     code        code       code     code     code     wait      code
recovery_code     200      code     code        code       code     code     code     200       code
refresh_token     200      token    token       200        token    token    token    200       token
access_token      200      401      401         200        401      401      401      200       401
proof_by_password 200      401      401         200        401      401      401      200       401
proof_by_code     200      401      401         200        401      401      401      200       401
"""
"""What each way is answered. The login that waits for its second factor, the remembered device and the session are from
before the account came into its state: `ended` is after the end of all sessions, `unverified` where logins require a
verified address, `forced` after an administrator had the password reset, `restored` after a deletion was cancelled,
`throttled` after five wrong codes in a row of that login, `removed` after an administrator removed all factors."""

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
}


@dataclass
class Holder:
    """Somebody with a second factor who has begun a login, and has a device that is remembered."""

    protected: Protected
    mfa_token: str
    device: str

    @property
    def service(self) -> Service:
        return self.protected.service


async def holder(service: Service) -> Holder:
    person = await service.register()
    service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    protected = await Protected.enrolled(Owner(service, person, await service.log_in(person)))
    answer = await protected.post_code(await protected.mfa_token(), protected.code(), remember_device=True)
    protected.next_step()
    protected.pair = pair(answer)
    device = answer.headers["Doorward-Device"]
    return Holder(protected, await protected.mfa_token(), device)


async def unverify(each: Holder) -> None:
    each.service.sql("UPDATE users SET email_verified_at = NULL WHERE id = %s", each.protected.person.id)


async def guess(each: Holder) -> None:
    for _ in range(5):
        assert (await each.protected.post_code(each.mfa_token, "000000")).status_code == 403


async def leave(each: Holder) -> None:
    assert (await each.protected.call("POST", f"{ACCOUNT}/deletion")).status_code == 202


async def come_back(each: Holder) -> None:
    await leave(each)
    token = (await each.protected.post_token()).json()["restore_token"]
    assert (await each.service.call("POST", CANCEL, json={"restore_token": token})).status_code == 204


def by_operator(action: str) -> Callable[[Holder], Awaitable[object]]:
    """Return what has an operator do this."""

    async def act(each: Holder) -> object:
        actions = each.service.app.state.services.administration.user_actions
        return await getattr(actions, action)(OPERATOR, UUID(each.protected.person.id))

    return act


async def stay(_: Holder) -> None:
    """Leave the account as it is."""


BRINGING: Final[dict[str, Callable[[Holder], Awaitable[object]]]] = {
    "active": stay,
    "ended": by_operator("end_sessions"),
    "deactivated": by_operator("deactivate"),
    "unverified": unverify,
    "forced": by_operator("reset_password"),
    "pending": leave,
    "restored": come_back,
    "throttled": guess,
    "removed": by_operator("reset_factors"),
}


WAYS: Final[dict[str, Callable[[Holder], Awaitable[httpx.Response]]]] = {
    "password": lambda each: each.protected.post_token(),
    "remembered_device": lambda each: each.protected.post_token(**{"Doorward-Device": each.device}),
    "application": lambda each: each.protected.post_code(each.mfa_token, each.protected.code()),
    "recovery_code": lambda each: each.protected.post_recovery_code(each.mfa_token, each.protected.codes[0]),
    "refresh_token": lambda each: each.service.post_refresh(each.protected.pair.refresh),
    "access_token": lambda each: each.service.get_me(each.protected.pair.access),
    "proof_by_password": lambda each: each.protected.post_reauthenticate(),
    "proof_by_code": lambda each: each.protected.post_proof(each.protected.code()),
}


@pytest.fixture
async def service(make_service: MakeService, own_database: str) -> Service:
    return await make_service(
        database_url=own_database,
        public_url="http://localhost:8000",
        background="off",
        login_requires_verified_email=True,
        remembered_device_days=30,
    )


def word_of(answer: httpx.Response) -> str:
    code = "" if answer.status_code == 200 else answer.json()["code"]
    return WORDS.get(code, str(answer.status_code))


@pytest.mark.parametrize("state", STATES)
async def test_each_way_is_answered_by_the_state_of_its_account(service: Service, state: str) -> None:
    measured: dict[str, str] = {}
    for name, way in WAYS.items():
        each = await holder(service)
        await BRINGING[state](each)
        measured[name] = word_of(await way(each))
    assert measured == {name: cells[STATES.index(state)] for name, cells in ROWS.items()}


def test_every_way_has_a_row_and_every_row_a_cell_for_each_state() -> None:
    assert WAYS.keys() == ROWS.keys()
    assert {len(cells) for cells in ROWS.values()} == {len(STATES)}
