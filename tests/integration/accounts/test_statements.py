"""How many statements the flows of an account send, those of the caller's lookup and of mails included."""

import pytest

from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.accounts.email_change import NEW, OLD, changing
from tests.integration.accounts.own_account import ACCOUNT, NEW_PASSWORD, Owner
from tests.integration.statements import statements_of


@pytest.mark.parametrize(("which", "statements"), [("others", 5), ("all", 4)])
async def test_many_sessions_are_ended_by_few_statements(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, which: str, statements: int
) -> None:
    for _ in range(2):
        await owner.service.log_in(owner.person)
    assert await statements_of(owner.end(which), monkeypatch) == statements


async def test_a_change_of_the_password_is_ten_statements_and_one_more_for_a_mail(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await statements_of(owner.change_password(), monkeypatch) == 10


async def test_a_deletion_is_four_statements_and_one_more_for_a_mail(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await statements_of(owner.call("POST", f"{ACCOUNT}/deletion"), monkeypatch) == 4


async def test_a_reset_is_seven_statements(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await mails.service.register()
    mails.service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    token = token_of(await mails.reset_mail(person.email))
    assert await statements_of(mails.recovery.reset_by_token(token, NEW_PASSWORD), monkeypatch) == 7


async def test_a_change_of_the_address_is_five_statements_and_then_eleven(
    mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = await changing(mails)
    await change.request()
    caller, tokens = await change.caller(), [await change.token(kind) for kind in (OLD, NEW)]
    confirm = change.confirmation.confirm_by_session
    assert [await statements_of(confirm(caller, token=each), monkeypatch) for each in tokens] == [5, 11]
