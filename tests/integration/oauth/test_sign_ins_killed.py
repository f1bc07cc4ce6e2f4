"""A short run of kills while people sign in to applications; `inv prove` runs longer."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from development.proof.kills.commits import Moment, SignInCommit
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.kills.sign_ins import CLIENTS, SIGNING_IN, SignInRounds
from development.proof.kills.signed_in import JOURNEY, STATUS, Step, Taken
from development.proof.service import proof_settings
from tests.integration.service import MakeDatabase

CORRUPTIONS = {
    "DELETE FROM browser_sessions WHERE user_id = %s": "browsers=0",
    "INSERT INTO oauth_codes SELECT gen_random_uuid(), secret_hash, client_id, user_id, browser_session_id, epoch,"
    " redirect_uri, scopes, resource, nonce, code_challenge, amr, acr, authenticated_at, session_ends_at, expires_at,"
    " dpop_jkt FROM oauth_codes WHERE user_id = %s": "codes=2",
    "UPDATE oauth_consents SET scopes = '{openid}' WHERE user_id = %s": "scopes=('openid',)",
    "UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE user_id = %s": "online=3",
    "UPDATE sessions SET generation = 0 WHERE user_id = %s": "rotations=0",
    "UPDATE oauth_devices SET status = 'denied' WHERE user_id = %s": "devices=('denied',)",
    "DELETE FROM outbox WHERE channel = 'logout' AND position(%s in encode(payload, 'escape')) > 0": "logouts=0",
}


@dataclass(frozen=True)
class Killed:
    database_url: str
    rounds: SignInRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    settings = proof_settings(make_database(migrated=True), **SIGNING_IN)
    with killable_service(settings) as service:
        yield Killed(settings["DATABASE_URL"], SignInRounds(service, settings))


@pytest.mark.parametrize(
    ("commit", "moment"),
    [
        ("consent", "sent"),
        ("code-redeemed", "after"),
        ("code-replayed", "before"),
        ("request-used", "sent"),
        ("device-redeemed", "before"),
        ("signed-out", "after"),
    ],
)
def test_after_a_kill_each_step_of_a_sign_in_is_stored_completely_or_not_and_used_codes_stay_used(
    killed: Killed, commit: SignInCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.rounds.kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an unanswered call proves nothing"


def test_without_a_kill_all_acknowledged_steps_are_stored(killed: Killed) -> None:
    people = killed.rounds.use()
    assert [len(person.taken) for person in people] == [len(JOURNEY)] * CLIENTS
    assert set(JOURNEY) >= STATUS.keys()
    assert killed.rounds.check(people) == []


def test_the_checker_reports_corrupted_rows(killed: Killed) -> None:
    until: Step = "approve"
    journey = [*JOURNEY[: JOURNEY.index(until) + 1], "get a code"]
    found = {}
    for number, corruption in enumerate(CORRUPTIONS):
        if number % CLIENTS == 0:
            people = killed.rounds.use(journey=journey)
            assert killed.rounds.judged(people) == []
        person = people[number % CLIENTS]
        with psycopg.connect(killed.database_url, autocommit=True) as connection:
            connection.execute(corruption.encode(), (person.user_id,))
        found[corruption] = "\n".join(killed.rounds.judged([person]))
    assert [each for each, line in CORRUPTIONS.items() if line not in found[each].partition("; told:")[0]] == []


def test_the_checker_reports_credentials_that_work_but_should_not(killed: Killed) -> None:
    """The checker is given false facts: that an unused code was used, and that live sessions have ended."""
    until: Step = "refresh"
    first, second, third = killed.rounds.use(journey=[*JOURNEY[: JOURNEY.index(until) + 1], "get a code"])
    first.taken.append(Taken("exchange", first.application.exchange(first.codes[-1])))
    second.is_signed_in = False
    third.sessions[0].is_live = False
    lines = "\n".join(killed.rounds.check([first, second, third]))
    assert f"{first.name}: what works once worked again: exchange" in lines
    assert f"{second.name}: the cookie of sign-in 0 is answered 200 where 303 is due" in lines
    assert f"{third.name}: an access token is answered 200 where 401 is due" in lines
    assert f"{third.name}: a refresh token is answered 200 where 400 is due" in lines
