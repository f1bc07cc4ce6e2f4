"""The number of statements in the flows of an account, including the caller's lookup and mails."""

import pytest

from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.accounts.email_change import NEW, OLD, changing
from tests.integration.accounts.own_account import ACCOUNT, NEW_PASSWORD, Owner
from tests.integration.statements import statements_of


@pytest.mark.parametrize(("which", "statements"), [("others", 5), ("all", 4)])
async def test_ending_many_sessions_takes_few_statements(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, which: str, statements: int
) -> None:
    for _ in range(2):
        await owner.service.log_in(owner.person)
    assert await statements_of(owner.end(which), monkeypatch) == statements


async def test_a_password_change_takes_ten_statements(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await statements_of(owner.change_password(), monkeypatch) == 10


async def test_a_deletion_takes_four_statements(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await statements_of(owner.call("POST", f"{ACCOUNT}/deletion"), monkeypatch) == 4


async def test_a_reset_takes_seven_statements(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await mails.service.register()
    mails.service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    token = token_of(await mails.reset_mail(person.email))
    assert await statements_of(mails.recovery.reset_by_token(token, NEW_PASSWORD), monkeypatch) == 7


async def test_the_confirmations_of_an_address_change_take_five_and_eleven_statements(
    mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = await changing(mails)
    await change.request()
    caller, tokens = await change.caller(), [await change.token(kind) for kind in (OLD, NEW)]
    confirm = change.confirmation.confirm_by_session
    assert [await statements_of(confirm(caller, token=each), monkeypatch) for each in tokens] == [5, 11]
