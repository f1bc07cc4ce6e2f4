"""A short run of kills while an administrator adds and changes OAuth clients; `inv prove` runs longer."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from development.proof.kills.commits import CLIENT_COMMITS, ClientCommit, Moment
from development.proof.kills.oauth_clients import AFTER, ClientRounds
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.service import ADMINISTRATION, proof_settings
from tests.integration.service import MakeDatabase

CORRUPTIONS = {
    "UPDATE oauth_clients SET version = 1": "version=1",
    "DELETE FROM oauth_client_secrets WHERE expires_at IS NOT NULL": "the secret that was told is not stored",
    "DELETE FROM oauth_clients WHERE name = 'Nightly'": "1 entries tell of clients that were never stored",
}


@dataclass(frozen=True)
class Killed:
    database_url: str
    clients: ClientRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    database_url = make_database(migrated=True)
    with killable_service(proof_settings(database_url, **ADMINISTRATION)) as service:
        yield Killed(database_url, ClientRounds(service, database_url))


@pytest.mark.parametrize(
    ("commit", "moment"),
    [("client", "before"), ("client", "sent"), ("client-secret", "sent"), ("client-removed", "after")],
)
def test_after_a_kill_each_change_of_a_client_is_stored_completely_or_not_at_all(
    killed: Killed, commit: ClientCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.clients.kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an unanswered call proves nothing"


def test_without_a_kill_all_acknowledged_changes_are_stored_and_the_checker_finds_corruptions(killed: Killed) -> None:
    made = killed.clients.make("Nightly", CLIENT_COMMITS[:3])
    assert killed.clients.check("Nightly", made, [AFTER[3]]) == []
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        for corruption, line in CORRUPTIONS.items():
            connection.execute(corruption.encode())
            assert line in "\n".join(killed.clients.check("Nightly", made, [AFTER[3]]))
