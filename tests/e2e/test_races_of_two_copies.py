"""Two copies of the service on one database, in short; `inv prove` races on."""

import asyncio
from collections.abc import Iterator

import pytest

from development.proof.api import Api
from development.proof.races.contests import ended_meanwhile, log_out, one_name, one_token
from tests.e2e.stack import QUICK_HASHES, Stack

USES = 100
CLAIMS = 60
SPELLINGS = 15
ENDS = 6
BARS = 3
LEEWAY_SECONDS = 60


@pytest.fixture(scope="module")
def urls(stack: Stack) -> Iterator[list[str]]:
    with stack.service(**QUICK_HASHES) as one, stack.service(**QUICK_HASHES) as other:
        yield [one.base_url, other.base_url]


async def test_one_token_has_one_successor_and_used_twice_none(urls: list[str]) -> None:
    assert await one_token(urls, USES) == []


async def test_within_the_leeway_all_copies_give_the_same_successor(stack: Stack) -> None:
    lenient = {**QUICK_HASHES, "REFRESH_TOKEN_REUSE_LEEWAY_SECONDS": str(LEEWAY_SECONDS)}
    with stack.service(**lenient) as one, stack.service(**lenient) as other:
        assert await one_token([one.base_url, other.base_url], USES, leeway_seconds=LEEWAY_SECONDS) == []


async def test_one_name_is_one_persons_whatever_its_spelling(urls: list[str]) -> None:
    assert await one_name(urls, CLAIMS, SPELLINGS) == []


async def test_no_refresh_outlives_a_logout_at_the_other_copy(urls: list[str]) -> None:
    for _ in range(ENDS):
        assert await ended_meanwhile(urls, log_out) == []


async def test_no_refresh_outlives_a_deactivation(urls: list[str], stack: Stack) -> None:
    """The user is let in again at once: only that the sessions have ended keeps their tokens out."""

    async def bar_and_let_in_again(_api: Api, name: str, _token: str) -> None:
        outcome = await asyncio.to_thread(stack.run_command, "deactivate", name)
        assert outcome.status == 0, outcome.output
        stack.sql(f"UPDATE users SET is_active = true WHERE username = '{name}'")

    for _ in range(BARS):
        assert await ended_meanwhile(urls, bar_and_let_in_again) == []
