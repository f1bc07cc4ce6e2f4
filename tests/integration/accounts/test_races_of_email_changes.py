"""Concurrent changes of an address at two copies of the service, a short run; `inv prove` runs longer."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import psycopg
import pytest

from development.proof.races.contests import ended_meanwhile
from development.proof.races.email_changes import (
    Mailboxes,
    Race,
    change_the_email,
    judge,
    meet_a_reset,
    meet_another_change,
    meet_logins,
    use_both_links,
    use_one_link,
)
from development.proof.service import MAIL, proof_settings, running_service, tokens_of
from tests.integration.service import MakeDatabase

USES = 30
ROUNDS = 2
RACES = {
    "one link": partial(use_one_link, uses=USES),
    "both links": partial(use_both_links, uses=USES),
    "logins": meet_logins,
    "a reset": meet_a_reset,
    "another change": meet_another_change,
}
CORRUPTIONS = {
    "UPDATE users SET session_epoch = 0 WHERE username = %s": "an old session is 200",
    "UPDATE users SET session_epoch = 2 WHERE username = %s": "the new session is 401",
    "UPDATE users SET email_key = username || '@example.com' WHERE username = %s": "a login is answered 401",
}


@dataclass(frozen=True)
class Copies:
    """Two processes on one database."""

    urls: list[str]
    database_url: str
    mailboxes: Mailboxes


@pytest.fixture(scope="module")
def copies(make_database: MakeDatabase) -> Iterator[Copies]:
    database_url = make_database(migrated=True)
    settings = proof_settings(database_url, **MAIL)
    with ExitStack() as stack:
        urls = [stack.enter_context(running_service(settings)) for _ in range(2)]
        yield Copies(urls, database_url, Mailboxes(database_url, tokens_of(settings)))


@pytest.mark.parametrize("play", RACES.values(), ids=RACES)
async def test_one_change_succeeds_and_earlier_credentials_are_invalid(
    copies: Copies, play: Callable[..., Awaitable[Race]]
) -> None:
    for _ in range(ROUNDS):
        race = await play(copies.urls, mailboxes=copies.mailboxes)
        assert await judge(copies.urls, race) == []


async def test_no_refresh_survives_a_change_of_the_address(copies: Copies) -> None:
    assert await ended_meanwhile(copies.urls, partial(change_the_email, copies.mailboxes)) == []


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_the_checker_reports_corrupted_rows(copies: Copies, corruption: str) -> None:
    race = await use_one_link(copies.urls, 2, copies.mailboxes)
    with psycopg.connect(copies.database_url, autocommit=True) as connection:
        connection.execute(corruption.encode(), (race.change.name,))
    assert CORRUPTIONS[corruption] in "\n".join(await judge(copies.urls, race))


async def test_the_checker_reports_two_changes_instead_of_one(copies: Copies) -> None:
    race = await use_one_link(copies.urls, 2, copies.mailboxes)
    found = await judge(copies.urls, replace(race, answers=[*race.answers, *race.made]))
    assert "of one change 2 were made, 0 wait; another was made: False" in found
