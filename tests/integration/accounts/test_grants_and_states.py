"""Every grant of an account, in every state of the account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import pytest

from development.client import AUTH, Pair
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.accounts.verification import VerificationMail
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.wiring.accounts import create_one_time_tokens
from tests.integration.accounts.leaving import CANCEL, erase_after_the_grace, leave
from tests.integration.accounts.own_account import NEW_PASSWORD, Owner, signed_in
from tests.integration.mailbox import make_service_with_mail
from tests.integration.service import MakeService, Service

TABLE: Final = """
grant                    active ended deactivated pending overdue barred restored erased

password                    200   200         401     403     401    401      200    401
refresh_token               200   401         401     401     401    401      401    401
access_token                200   401         401     401     401    401      401    401
reauthentication            200   401         401     401     401    401      401    401
password_change             200   401         401     401     401    401      401    401
reset_link                  204   204         422     422     422    422      422    422
reset_request                 1     1           0       1       0      0        1      0
reset_by_new_mail           204   204           -     204       -      -      204      -
verification_link           204   204         401     401     401    401      422    401
restore_token               422   422         422     204     422    422      422    422
restore_page                422   422         422     200     422    422      422    422
"""
"""The status of each grant; for `reset_request` the number of composed mails, and for `reset_by_new_mail` the status of
that mail's link. Other links and the restore token were issued before the account got its state. `ended` is after the
end of all sessions, `restored` after a cancelled deletion, `barred` a pending deletion of an account that an operator
has deactivated, `overdue` a pending deletion that is due."""

STATES: Final = tuple(TABLE.split("\n")[1].split()[1:])
ROWS: Final = {line.split()[0]: line.split()[1:] for line in TABLE.split("\n")[2:] if line}


@dataclass
class Holder:
    """A person who holds one of each grant."""

    owner: Owner
    tokens: Pair
    reset: str
    verification: str
    restore: str = "dwt_made-up"

    @property
    def service(self) -> Service:
        return self.owner.service


async def holder(service: Service) -> Holder:
    owner = await signed_in(service)
    parts = (service.database, service.clock, create_one_time_tokens(service.settings.keys), AccountLinks("https://a"))
    verification = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.OWNER, user_id=UUID(owner.person.id))
    reset = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=owner.person.email)
    return Holder(
        owner,
        owner.pair,
        token_of(await ResetMail(*parts).compose(reset, uuid4())),
        token_of(await VerificationMail(*parts).compose(verification, uuid4())),
    )


def token_of(mail: ComposedMail | None) -> str:
    assert mail is not None
    return mail.facts["link"].partition("#token=")[2]


async def bring(each: Holder, state: str) -> None:
    """Bring the account into its state, and get a restore token if the state has one."""
    service, owner = each.service, each.owner
    if state == "ended":
        assert (await owner.end("all")).status_code == 204
    elif state == "deactivated":
        await service.deactivate(owner.person)
    elif state != "active":
        if state in {"overdue", "erased"}:
            # The token is issued just before the deletion is due, so that it has not expired.
            await leave(owner)
            service.clock.advance(GRACE - timedelta(minutes=1))
        else:
            await leave(owner)
        each.restore = (await login(each)).json()["restore_token"]
        await after_leaving(each, state)


async def after_leaving(each: Holder, state: str) -> None:
    if state == "overdue":
        each.service.clock.advance(timedelta(minutes=1))
    elif state == "erased":
        await erase_after_the_grace(each.service)
    elif state == "barred":
        await each.service.deactivate(each.owner.person)
    elif state == "restored":
        assert (await restore(each)).status_code == 204


async def login(each: Holder) -> httpx.Response:
    return await each.service.post_token(each.owner.person.username, each.owner.person.password)


async def refresh(each: Holder) -> httpx.Response:
    return await each.service.post_refresh(each.tokens.refresh)


async def show_access_token(each: Holder) -> httpx.Response:
    return await each.service.get_me(each.tokens.access)


async def reauthenticate(each: Holder) -> httpx.Response:
    return await each.owner.post_reauthenticate()


async def change_password(each: Holder) -> httpx.Response:
    return await each.owner.post_password()


async def use_reset_link(each: Holder) -> httpx.Response:
    body = {"token": each.reset, "new_password": NEW_PASSWORD}
    return await each.service.call("POST", f"{AUTH}/password/reset", json=body)


async def use_verification_link(each: Holder) -> httpx.Response:
    body = {"token": each.verification, "password": each.owner.person.password}
    return await each.service.call("POST", f"{AUTH}/email/verify", json=body)


async def restore(each: Holder) -> httpx.Response:
    return await each.service.call("POST", CANCEL, json={"restore_token": each.restore})


async def restore_by_page(each: Holder) -> httpx.Response:
    form = {"username": each.owner.person.username, "password": each.owner.person.password}
    return await each.service.call("POST", "/account/restore", data=form)


async def count_reset_mails(each: Holder) -> str:
    """Return the number of mails that a request for a reset sends."""
    return "0" if await reset_mail(each) is None else "1"


async def reset_by_new_mail(each: Holder) -> str:
    """Request a reset, and return the status of its link, or a hyphen if no mail is sent."""
    mail = await reset_mail(each)
    if mail is None:
        return "-"
    each.reset = token_of(mail)
    return str((await use_reset_link(each)).status_code)


async def reset_mail(each: Holder) -> ComposedMail | None:
    """Return the mail that a request for a reset sends."""
    service = each.service
    parts = (service.database, service.clock, create_one_time_tokens(service.settings.keys), AccountLinks("https://a"))
    request = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=each.owner.person.email)
    return await ResetMail(*parts).compose(request, uuid4())


GRANTS: Final[dict[str, Callable[[Holder], Awaitable[httpx.Response]]]] = {
    "password": login,
    "refresh_token": refresh,
    "access_token": show_access_token,
    "reauthentication": reauthenticate,
    "password_change": change_password,
    "reset_link": use_reset_link,
    "verification_link": use_verification_link,
    "restore_token": restore,
    "restore_page": restore_by_page,
}
MAILS: Final[dict[str, Callable[[Holder], Awaitable[str]]]] = {
    "reset_request": count_reset_mails,
    "reset_by_new_mail": reset_by_new_mail,
}


@pytest.fixture
async def service(make_service: MakeService, own_database: str, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path, database_url=own_database, background="off")


@pytest.mark.parametrize("state", STATES)
async def test_each_grant_is_answered_by_the_state_of_its_account(service: Service, state: str) -> None:
    measured: dict[str, str] = {}
    for name in ROWS:
        each = await holder(service)
        await bring(each, state)
        measured[name] = await MAILS[name](each) if name in MAILS else str((await GRANTS[name](each)).status_code)
    assert measured == {name: cells[STATES.index(state)] for name, cells in ROWS.items()}


def test_every_grant_has_a_row_and_every_row_a_cell_for_each_state() -> None:
    assert {*GRANTS, *MAILS} == ROWS.keys()
    assert {len(cells) for cells in ROWS.values()} == {len(STATES)}
