"""Concurrent calls of administrators at two copies of the service; `inv prove` makes more of them."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pytest

from development.proof.races import administration, oauth_clients, webhooks
from development.proof.races.administrators import Administrators
from development.proof.races.contests import ended_meanwhile
from development.proof.service import ADMINISTRATION, codec_of, proof_settings, running_service
from tests.integration.service import MakeDatabase

ROUNDS = 4
USES = 8
RACES: dict[str, Callable[[list[str], Administrators], Awaitable[list[str]]]] = {
    "each other": administration.remove_each_other,
    "oneself": administration.leave_together,
    "role against act": administration.take_the_role,
    "role against grant": administration.remove_a_granted_role,
    "deactivation against logins": administration.deactivate_during_logins,
}
CROWDS: dict[str, Callable[[list[str], Administrators], Awaitable[list[str]]]] = {
    "one invitation": partial(administration.one_invitation, uses=USES),
    "one version": administration.one_version,
    "rotations of one secret": partial(oauth_clients.rotate_together, rotations=USES),
    "one version of a client": partial(oauth_clients.one_version, changes=3),
    "retry of all": partial(webhooks.retry_all, letters=50),
    "retry of one": partial(webhooks.retry_one, uses=USES),
    "replay": partial(webhooks.replay, users=3),
}
ENDS = [
    "deactivation by an administrator",
    "deletion by an administrator",
    "reset by an administrator",
    "end by an administrator",
    "address by an administrator",
]


@dataclass(frozen=True)
class Copies:
    """Two processes on one database, with their administrators."""

    urls: list[str]
    people: Administrators


@pytest.fixture(scope="module")
def copies(make_database: MakeDatabase) -> Iterator[Copies]:
    database_url = make_database(migrated=True)
    settings = proof_settings(database_url, **ADMINISTRATION)
    with ExitStack() as stack:
        urls = [stack.enter_context(running_service(settings)) for _ in range(2)]
        yield Copies(urls, Administrators(database_url, codec_of(settings)))


@pytest.mark.parametrize("play", RACES.values(), ids=RACES)
async def test_two_concurrent_calls_at_two_copies_have_a_consistent_result(
    copies: Copies, play: Callable[[list[str], Administrators], Awaitable[list[str]]]
) -> None:
    for _ in range(ROUNDS):
        assert await play(copies.urls, copies.people) == []


@pytest.mark.parametrize("play", CROWDS.values(), ids=CROWDS)
async def test_many_concurrent_equal_calls_have_their_effect_once(
    copies: Copies, play: Callable[[list[str], Administrators], Awaitable[list[str]]]
) -> None:
    assert await play(copies.urls, copies.people) == []


@pytest.mark.parametrize("end", ENDS)
async def test_no_refreshed_session_survives_its_end_by_an_administrator(copies: Copies, end: str) -> None:
    ends = administration.ends_of_sessions(copies.people)
    assert set(ends) == set(ENDS)
    assert await ended_meanwhile(copies.urls, ends[end]) == []
