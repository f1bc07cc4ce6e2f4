"""The own account of a user without e-mail address and password, whom a trusted issuer's token created."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.own_account import ACCOUNT, Owner, is_alive, remove_address, signed_in
from tests.integration.mailbox import make_service_with_mail
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Logs, MakeService, Service, events, is_problem
from tests.integration.web.visitor import new_visitor


@pytest.fixture
async def nameless(service: Service) -> Owner:
    owner = await signed_in(service)
    remove_address(service, owner.person)
    return owner


async def test_the_account_is_shown_without_an_address(service: Service, nameless: Owner) -> None:
    assert (await nameless.account())["email"] is None
    me = await service.get_me(nameless.pair.access)
    assert (me.status_code, me.json()["email"]) == (200, None)
    exported = await nameless.call("POST", "/api/v1/account/export")
    assert (exported.status_code, exported.json()["account"]["email"]) == (200, None)


async def test_a_new_password_is_compared_with_the_user_name(nameless: Owner) -> None:
    assert is_problem(await nameless.post_password(new=nameless.person.username * 2), 422, "password_is_name")


@pytest.mark.parametrize("answer", [Owner.post_password, Owner.post_reauthenticate])
async def test_any_password_is_wrong_counts_and_leaves_the_session(
    service: Service, nameless: Owner, logs: Logs, answer: Callable[[Owner], Awaitable[httpx.Response]]
) -> None:
    for _ in range(2):
        assert is_problem(await answer(nameless), 403, "wrong_password")
    assert len(events(logs, "auth.current_password.refused")) == 2
    bucket = create_throttling(service.settings.keys, service.database).bucket(UUID(nameless.person.id))
    assert service.sql("SELECT failures FROM login_throttles WHERE bucket = %s", bucket) == [{"failures": 2}]
    assert await is_alive(service, nameless.pair)


@pytest.mark.parametrize(("path", "body"), [("", {"new_email": "ada@example.com"}), ("/verification", None)])
async def test_no_mail_is_promised_that_could_not_be_sent(
    make_service: MakeService, tmp_path: Path, path: str, body: dict[str, str] | None
) -> None:
    service = await make_service_with_mail(make_service, tmp_path, background="off")
    owner = await signed_in(service)
    remove_address(service, owner.person)
    assert is_problem(await owner.call("POST", f"{ACCOUNT}/email{path}", json=body), 409, "user_without_email")
    assert service.sql("SELECT email FROM email_changes WHERE user_id = %s", owner.person.id) == []


async def test_the_page_offers_no_change_of_an_address_that_there_is_not(
    make_service: MakeService, tmp_path: Path
) -> None:
    someone = await new_visitor(
        await make_service_with_mail(make_service, tmp_path, public_url=ORIGIN, background="off")
    )
    assert "change-email" in (await someone.open("/account/overview")).actions()
    remove_address(someone.service, someone.person)
    assert "change-email" not in (await someone.open("/account/overview")).actions()
