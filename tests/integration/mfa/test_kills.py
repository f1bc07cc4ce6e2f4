"""A short run of kills while people use second factors; `inv prove --only kills` runs longer."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import LiteralString

import psycopg
import pytest

from development.proof.kills.commits import FactorCommit, Moment
from development.proof.kills.factors import FactorRounds, factor_rounds
from development.proof.kills.protected import Facts, Protected, Taken, judge
from development.proof.kills.protected_check import judged
from development.proof.kills.rounds import Outcome
from development.proof.second_factors import FactorCall
from tests.integration.service import MakeDatabase

POINTS: list[tuple[FactorCommit, Moment]] = [
    ("application", "before"),
    ("code-used", "sent"),
    ("recovery-code-used", "after"),
    ("passkey", "before"),
]
STORED_WRONGLY: dict[LiteralString, str] = {
    "UPDATE users SET second_factor = '{totp}'": "kinds=('totp',)",
    "UPDATE users SET session_epoch = session_epoch - 1": "epoch=1,",
    "UPDATE totp_factors SET last_step = 7": "used_step=7",
    "DELETE FROM totp_factors": "used_step=None",
    "INSERT INTO recovery_codes SELECT id, sha256('another'), now() FROM users": "codes=10",
    "DELETE FROM recovery_codes": "codes=0",
    "UPDATE passkeys SET sign_count = 9": "counters=(9,)",
    "DELETE FROM passkeys": "counters=()",
    "UPDATE sessions SET epoch = session_epoch FROM users WHERE users.id = user_id": "live=7",
    "DELETE FROM outbox WHERE kind = 'factors_changed'": "0 mails of the kind factors_changed wait, 15 are due",
}
WORKS_WRONGLY: list[tuple[LiteralString, str]] = [
    (
        "UPDATE sessions SET expires_at = created_at WHERE user_id = %s",
        "an access token of epoch 2 is answered 401 where 200 is due",
    ),
    (
        "UPDATE recovery_codes SET code_mac = sha256(code_mac) WHERE user_id = %s",
        "a recovery code that was not used does not work",
    ),
    (
        "UPDATE passkeys SET suspended_at = created_at WHERE user_id = %s",
        "a passkey signs in: False, and is stored: True",
    ),
]


@dataclass(frozen=True)
class Killed:
    """A service that is killed, and its database."""

    database_url: str
    rounds: FactorRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    database_url = make_database(migrated=True)
    with factor_rounds(database_url) as rounds:
        yield Killed(database_url, rounds)


@pytest.mark.parametrize(("commit", "moment"), POINTS)
def test_after_a_kill_every_step_is_complete_or_missing_and_no_credential_works_twice(
    killed: Killed, commit: FactorCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.rounds.kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an unanswered call proves nothing"


def test_without_a_kill_every_acknowledged_step_is_stored(killed: Killed) -> None:
    people = killed.rounds.use(2)
    assert {person.taken[-1].step for person in people} == {"reset", "application removed"}
    assert killed.rounds.check(people) == []


async def _faults_after(database_url: str, people: list[Protected], corruption: LiteralString) -> str:
    """Return the faults that are found after a corruption, which is rolled back."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(corruption)
        found = await judged(connection, people)
        await connection.rollback()
    return "\n".join(found)


async def test_the_checker_reports_corrupted_rows_and_invalid_credentials(killed: Killed) -> None:
    people = await asyncio.to_thread(killed.rounds.use, 1, last="passkey after the password")
    found = {each: await _faults_after(killed.database_url, people, each) for each in STORED_WRONGLY}
    assert [each for each, due in STORED_WRONGLY.items() if due not in found[each]] == []
    due = []
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        for person, (corruption, line) in zip(people, WORKS_WRONGLY, strict=True):
            connection.execute(corruption, (person.user_id,))
            due.append(f"{person.name}: {line}")
    assert set(due) <= set(await asyncio.to_thread(killed.rounds.check, people))


async def test_the_checker_reports_a_login_that_is_completed_twice(killed: Killed) -> None:
    people = await asyncio.to_thread(killed.rounds.use, 1, last="recovery code login")
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM used_nonces")
    found = await asyncio.to_thread(killed.rounds.check, people)
    assert f"{people[0].name}: the login of code login was completed a second time" in found


def test_the_effect_of_an_unanswered_call_may_be_stored_completely() -> None:
    known = Facts(kinds=("totp",), epoch=1, used_step=7, codes=10)
    lost = Taken("recovery code login", 0, FactorCall("POST", "/"))
    person = Protected("ada", "", [], known, pending=lost)
    stored = replace(known, codes=9, sessions=2, live=2, events=(*known.events, "factor.code_used", "session.begun"))
    assert list(judge(person, known)) == []
    assert list(judge(person, stored)) == []
    assert list(judge(person, replace(stored, codes=10))), "a session for a code that was not used up"
    assert list(judge(replace(person, pending=None), stored)), "a login that was not requested"
