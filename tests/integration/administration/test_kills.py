"""The service killed while an administrator works and while users are imported, in short; `inv prove` kills on."""

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
    """One service, killed while an administrator works, and while a file is imported."""

    database_url: str
    administrator: AdministratorRounds
    imports: ImportRounds


@pytest.fixture(scope="module")
def killed(make_database: MakeDatabase) -> Iterator[Killed]:
    database_url = make_database(migrated=True)
    with killable_service(proof_settings(database_url, **ADMINISTRATION)) as service:
        yield Killed(database_url, AdministratorRounds(service, database_url), ImportRounds(service, database_url))


@pytest.mark.parametrize(("commit", "moment"), POINTS)
def test_after_a_kill_each_change_of_an_administrator_is_stored_whole_or_not_at_all(
    killed: Killed, commit: AdministratorCommit, moment: Moment
) -> None:
    outcome = Outcome()
    killed.administrator.kill(commit, moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill that nobody noticed shows nothing"


def test_without_a_kill_what_was_told_is_stored_and_the_checker_sees_what_is_not(killed: Killed) -> None:
    people = killed.administrator.use(1)
    assert killed.administrator.check(people) == []
    assert {person.pending for person in people} == {None}
    with psycopg.connect(killed.database_url, autocommit=True) as connection:
        for corruption in CORRUPTIONS:
            connection.execute(corruption.encode())
    found = "\n".join(killed.administrator.check(people))
    assert [line for line in CORRUPTIONS.values() if line not in found] == []


def test_what_no_answer_told_of_may_be_stored_and_nothing_beyond_it() -> None:
    told = Facts(roles=("support",), is_active=True)
    pending = replace(told, is_active=False, epoch=1, events=("user.deactivated",))
    person = Administered("ada", told=told, pending=pending)
    assert list(judge(person, told, ())) == []
    assert list(judge(person, pending, pending.events)) == []
    assert list(judge(person, replace(pending, epoch=0), pending.events)), "half a deactivation"
    assert list(judge(replace(person, pending=None), pending, pending.events)), "a change that was not asked for"


@pytest.mark.parametrize(("moment", "batch"), [("before", 2), ("sent", 1)])
def test_after_a_kill_whole_batches_are_imported_and_the_same_file_brings_the_rest(
    killed: Killed, moment: Moment, batch: int
) -> None:
    outcome = Outcome()
    killed.imports.kill(moment, batch, outcome)
    assert outcome.wrong == []
    assert outcome.unknown


def test_the_checker_sees_users_of_half_a_batch_and_lost_events(killed: Killed) -> None:
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
