"""A short run of kills while the service delivers logout tokens; `inv prove` runs longer."""

from collections.abc import Iterator

import pytest

from development.proof.kills.commits import DeliveryCommit, Moment
from development.proof.kills.logouts import TELLING, LogoutRounds, ToldSession, judge
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.service import proof_settings
from tests.integration.service import MakeDatabase

CLAIMS = [{"sid": "1", "sub": "ada", "jti": "a"}, {"sid": "2", "sub": "ada", "jti": "b"}]
SESSIONS = [ToldSession("1", "ada", has_ended=True), ToldSession("2", "ada", has_ended=True)]


@pytest.fixture(scope="module")
def rounds(make_database: MakeDatabase) -> Iterator[LogoutRounds]:
    settings = proof_settings(make_database(migrated=True), **TELLING)
    with killable_service(settings) as service:
        yield LogoutRounds(service, settings)


@pytest.mark.parametrize(("step", "moment"), [("claim", "after"), ("settle", "before"), ("settle", "sent")])
def test_after_a_kill_a_logout_token_is_delivered_for_each_ended_session(
    rounds: LogoutRounds, step: DeliveryCommit, moment: Moment
) -> None:
    outcome = Outcome()
    rounds.kill(step, moment, outcome)
    assert outcome.wrong == []
    assert outcome.sessions == 9


def test_the_checker_reports_wrong_deliveries() -> None:
    assert list(judge([*CLAIMS, CLAIMS[0]], SESSIONS)) == []
    assert list(judge(CLAIMS[:1], SESSIONS)) == ["1 sessions ended and were never told of"]
    assert list(judge(CLAIMS, SESSIONS[:1])) == ["1 sessions were told of and have not ended"]
    assert list(judge([*CLAIMS, {**CLAIMS[0], "jti": "c"}], SESSIONS)) == ["2 sessions were told of under 3 ids"]
