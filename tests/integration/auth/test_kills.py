"""Kill the service around each commit, a few times; `inv prove --kills 100` does it more often."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from development.proof.kills.commits import POINTS, AccountCommit, Moment
from development.proof.kills.rounds import Outcome, Rounds, rounds
from tests.integration.service import MakeDatabase

PEOPLE = 2
OLD_ADDRESS = "UPDATE users SET email = username || '@example.com', email_key = username || '@example.com'"
CHANGE_THAT_WAITS = """
    INSERT INTO email_changes
    SELECT id, email, email_key, now(), now(), now(), now()
    FROM users
    ON CONFLICT DO NOTHING
"""
CORRUPTIONS = {
    "DELETE FROM users": "acknowledged account: 0 rows",
    "UPDATE users SET is_active = false": "half an account",
    "UPDATE users SET password_hash = '$2b$04$' || repeat('a', 53)": "half a login: a session: True, a new hash: False",
    "UPDATE users SET email_verified_at = NULL": "a verification was told and is not stored",
    "UPDATE users SET session_epoch = 1": "a reset was told: True, and is stored: False",
    OLD_ADDRESS: "another address was told: True, and is stored: False",
    "UPDATE users SET session_epoch = 2": (
        "half a change of the address: ['the new address', 'no change that waits', 'no usable link']"
    ),
    CHANGE_THAT_WAITS: (
        "half a change of the address: ['the new address', 'the end of all sessions', 'no usable link']"
    ),
    "UPDATE sessions SET epoch = 3": "an end that was told is not stored",
    "DELETE FROM sessions": "acknowledged sessions are lost: 6",
    "UPDATE sessions SET generation = generation + 1": "is stored",
    "UPDATE sessions SET ended_at = NULL, end_reason = NULL": "an end that was told is not stored",
    "UPDATE sessions SET expires_at = created_at": "is not answered as its session deserves",
    "UPDATE sessions SET secret_hash = sha256('another')": "0 of all its tokens work, of which 1 should",
}


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[tuple[Rounds, str]]:
    database_url = make_database(migrated=True)
    with rounds(database_url) as all_rounds:
        yield all_rounds, database_url


@pytest.mark.parametrize(("commit", "moment"), POINTS)
def test_after_a_kill_every_confirmed_change_is_stored_and_none_is_partial(
    killed: tuple[Rounds, str], commit: AccountCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed[0].kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an interrupted call proves nothing"


def test_without_a_kill_the_checker_finds_no_fault(killed: tuple[Rounds, str]) -> None:
    assert killed[0].check(killed[0].use(PEOPLE)) == []


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_the_checker_reports_faults(killed: tuple[Rounds, str], corruption: str) -> None:
    all_rounds, database_url = killed
    path = all_rounds.use(PEOPLE)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(corruption.encode())
    assert CORRUPTIONS[corruption] in "\n".join(all_rounds.check(path))


def test_the_checker_reports_a_refresh_that_is_not_stored(killed: tuple[Rounds, str], tmp_path: Path) -> None:
    """The ledger contains a refresh that the service never made."""
    all_rounds, _ = killed
    lines = all_rounds.use(PEOPLE).read_text(encoding="utf-8").splitlines()
    number = next(index for index, line in enumerate(lines) if '"refresh": "dwr_' in line)
    invented = '{"number": 999999, "person": "%s", "call": "refresh", "session": 0}'
    login = next(line for line in lines if '"call": "login"' in line and '"session": null' in line)
    person = login.split('"person": "')[1].split('"')[0]
    told = lines[number].replace(lines[number].split(",")[0], '{"number": 999999')
    path = tmp_path / "ledger"
    path.write_text("\n".join([*lines, invented % person, told, ""]), encoding="utf-8")
    assert "is stored" in "\n".join(all_rounds.check(path))
