"""Kill the service while it sends webhooks, a few times; `inv prove` does it more often."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from development.proof.kills.commits import DELIVERY_POINTS, DeliveryCommit, Moment
from development.proof.kills.deliveries import DELIVERING, DeliveryRounds, judge
from development.proof.kills.receiver import Received
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.service import proof_settings
from tests.integration.service import MakeDatabase


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[DeliveryRounds]:
    database_url = make_database(migrated=True)
    with killable_service(proof_settings(database_url, **DELIVERING)) as service:
        yield DeliveryRounds(service, database_url)


@pytest.mark.parametrize(("commit", "moment"), DELIVERY_POINTS[:3])
def test_after_a_kill_every_event_arrives_in_order(
    killed: DeliveryRounds, commit: DeliveryCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.kill(commit, moment, outcome)
    assert outcome.wrong == []
    if (commit, moment) == ("settle", "before"):
        assert outcome.unknown, "a message that was accepted and not removed is sent again"


def test_the_checker_reports_lost_unknown_altered_and_late_messages() -> None:
    user = str(uuid4())
    first, second = (
        Received(name, json.dumps({"sequence": number, "data": {"user_id": user}}).encode())
        for number, name in enumerate(("a", "b"))
    )
    events = [("a", 0, user), ("b", 1, user)]
    assert list(judge([first, first, second], events)) == []
    assert "never received: [1]" in next(judge([first], events))
    assert "no event: {'b'}" in next(judge([first, second], events[:1]))
    assert "another body: ['a']" in next(judge([first, Received("a", first.body + b" "), second], events))
    assert "in the order [0, 1, 0]" in next(judge([first, second, first], events))
