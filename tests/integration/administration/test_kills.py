"""Kill the service during administration and imports, a few times; `inv prove` does it more often."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from development.proof.kills.administered import Administered, Facts, judge
from development.proof.kills.administration import AdministratorRounds
from development.proof.kills.commits import AdministratorCommit, Moment
from development.proof.kills.files import USERS, ImportRounds
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.service import ADMINISTRATION, proof_settings
from tests.integration.service import MakeDatabase

POINTS: list[tuple[AdministratorCommit, Moment]] = [
    ("register", "before"),
    ("roles", "sent"),
    ("forced-reset", "after"),
    ("new-address", "sent"),
    ("erase", "before"),
    ("invite", "after"),
]
CORRUPTIONS = {
    "UPDATE users SET must_change_password = false": "must_change_password=False",
    "DELETE FROM outbox WHERE kind = 'user.email_changed'": "messages to the webhook",
    "DELETE FROM outbox WHERE kind = 'password_reset'": "0 mails of the kind password_reset wait",
    "DELETE FROM invitations": "0 are due",
}


@dataclass(frozen=True)
class Killed:
    """One service, killed during changes of an administrator and during an import."""

    database_url: str
    administrator: AdministratorRounds
    imports: ImportRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    database_url = make_database(migrated=True)
    with killable_service(proof_settings(database_url, **ADMINISTRATION)) as service:
        yield Killed(database_url, AdministratorRounds(service, database_url), ImportRounds(service, database_url))


@pytest.mark.parametrize(("commit", "moment"), POINTS)
def test_after_a_kill_each_change_of_an_administrator_is_complete_or_absent(
    killed: Killed, commit: AdministratorCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.administrator.kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an interrupted call proves nothing"


def test_the_checker_finds_no_fault_without_a_kill_and_reports_corruptions(killed: Killed) -> None:
    people = killed.administrator.use(1)
    assert killed.administrator.check(people) == []
    assert {person.pending for person in people} == {None}
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        for corruption in CORRUPTIONS:
            connection.execute(corruption.encode())
    found = "\n".join(killed.administrator.check(people))
    assert [line for line in CORRUPTIONS.values() if line not in found] == []


def test_an_unconfirmed_change_may_be_stored_but_only_completely() -> None:
    told = Facts(roles=("support",), is_active=True)
    pending = replace(told, is_active=False, epoch=1, events=("user.deactivated",))
    person = Administered("ada", told=told, pending=pending)
    assert list(judge(person, told, ())) == []
    assert list(judge(person, pending, pending.events)) == []
    assert list(judge(person, replace(pending, epoch=0), pending.events)), "a partial deactivation"
    assert list(judge(replace(person, pending=None), pending, pending.events)), "a change that was not requested"


@pytest.mark.parametrize(("moment", "batch"), [("before", 2), ("sent", 1)])
def test_after_a_kill_whole_batches_are_stored_and_a_repeated_import_adds_the_rest(
    killed: Killed, moment: Moment, batch: int
) -> None:
    outcome = Outcome()
    killed.imports.kill(moment, batch, outcome)
    assert outcome.wrong == []
    assert outcome.unknown


def test_the_checker_reports_partial_batches_and_lost_events(killed: Killed) -> None:
    assert killed.imports.resume("whole") == []
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM outbox WHERE stream = (SELECT id FROM users WHERE username = 'whole-7')")
        connection.execute("UPDATE users SET is_active = true WHERE username = 'whole-3'")
        connection.execute("DELETE FROM users WHERE username = 'whole-1199'")
    assert killed.imports.check("whole", {USERS}) == [
        "1199 users are stored, which are no whole batches: {1200}",
        "the users that are stored are not the first of the file",
        "1 users have not one of the messages that tell of them",
    ]
