"""A short run of kills at the first request of an external subject; `inv prove` runs longer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args
from uuid import uuid4

import psycopg
import pytest

from development.proof.kills.commits import Moment
from development.proof.kills.external_users import STORED, ExternalUserRounds, external_user_rounds
from development.proof.kills.rounds import Outcome
from tests.integration.service import MakeDatabase

ENTRY = "INSERT INTO audit_events (type, version, user_id, data) SELECT 'user.external_created', 1, "
CORRUPTIONS = {
    ENTRY + "user_id, '{}' FROM federated_identities": "an identity without one entry",
    ENTRY + "gen_random_uuid(), '{}'": "an entry without a user",
    "DELETE FROM federated_identities": "a user without an identity",
}


@dataclass(frozen=True)
class Killed:
    database_url: str
    users: ExternalUserRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    database_url = make_database(migrated=True)
    with external_user_rounds(database_url) as users:
        yield Killed(database_url, users)


@pytest.mark.parametrize("moment", get_args(Moment))
def test_after_a_kill_user_identity_and_audit_event_are_stored_together_or_not_at_all(
    killed: Killed, moment: Moment
) -> None:
    outcome = Outcome()
    killed.users.kill(moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an unanswered call proves nothing"


def test_without_a_kill_all_rows_are_correct_and_the_checker_reports_corrupted_rows(killed: Killed) -> None:
    subject = uuid4().hex
    assert killed.users.call(subject).status == 200
    stored = killed.users.found(STORED, subject)
    assert killed.users.check(subject, stored) == []
    assert "was stored, and after the next request" in "\n".join(killed.users.check(subject, ["another"]))
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        for corruption, line in CORRUPTIONS.items():
            connection.execute(corruption.encode())
            assert line in "\n".join(killed.users.check(subject, stored))
