"""Short races between two copies of the service on one database; `inv prove` runs longer ones."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from development.client import ApiClient
from development.proof.races.administrators import Administrators
from development.proof.races.contests import ended_meanwhile, log_out, one_name, one_token, wrong_passwords
from development.proof.races.signing_keys import ALGORITHMS, change_under_load
from development.proof.service import ADMINISTRATION, codec_of, own_database, proof_settings, running_service
from development.proof.skewed_hosts import (
    AHEAD,
    BEHIND,
    CLOCKS_NOT_EXERCISED,
    FAR_AHEAD,
    find_libfaketime,
    remove_leftovers,
)
from tests.e2e.stack import QUICK_HASHES, Service, Stack

USES = 30
CLAIMS = 15
SPELLINGS = 15
GUESSES = 60
ENDS = 3
DEACTIVATIONS = 1
LEEWAY_SECONDS = 60
SKEWED_USES = 15
SKEWED_ENDS = 1


@pytest.fixture(scope="module")
def libfaketime() -> Iterator[Path]:
    library = find_libfaketime()
    if library is None:
        pytest.skip(CLOCKS_NOT_EXERCISED)
    yield library
    remove_leftovers()


@pytest.fixture(scope="module")
def lenient() -> Iterator[dict[str, str]]:
    """Yield settings with a reuse leeway and a separate database."""
    with own_database() as database_url:
        yield proof_settings(database_url, REFRESH_TOKEN_REUSE_LEEWAY_SECONDS=str(LEEWAY_SECONDS))


@pytest.fixture(scope="module")
def skewed_urls(libfaketime: Path, lenient: dict[str, str]) -> Iterator[list[str]]:
    """Yield the URLs of two processes with different clocks: the image has no libfaketime."""
    with ExitStack() as stack:
        hosts = [host.environment(libfaketime) for host in (AHEAD, BEHIND)]
        yield [stack.enter_context(running_service(lenient, host)) for host in hosts]


@pytest.fixture(scope="module")
def urls(stack: Stack, service: Service) -> Iterator[list[str]]:
    """Yield the URLs of the shared service and of a second copy."""
    with stack.service(**QUICK_HASHES) as other:
        yield [service.base_url, other.base_url]


async def test_a_token_has_one_successor_and_none_is_valid_after_a_reuse(urls: list[str]) -> None:
    assert await one_token(urls, USES) == []


async def test_a_name_in_different_spellings_is_registered_once(urls: list[str]) -> None:
    assert await one_name(urls, CLAIMS, SPELLINGS) == []


async def test_wrong_passwords_at_two_copies_are_counted_together(urls: list[str]) -> None:
    assert await wrong_passwords(urls, GUESSES) == []


async def test_no_refresh_succeeds_after_a_logout_at_the_other_copy(urls: list[str]) -> None:
    for _ in range(ENDS):
        assert await ended_meanwhile(urls, log_out) == []


async def test_no_refresh_succeeds_after_a_deactivation(urls: list[str], stack: Stack) -> None:
    """The user is reactivated at once, so that only the end of the sessions invalidates their tokens."""

    async def deactivate_and_reactivate(_api: ApiClient, name: str, _token: str) -> None:
        outcome = await asyncio.to_thread(stack.run_command, "deactivate", name)
        assert outcome.status == 0, outcome.output
        stack.sql(f"UPDATE users SET is_active = true WHERE username = '{name}'")

    for _ in range(DEACTIVATIONS):
        assert await ended_meanwhile(urls, deactivate_and_reactivate) == []


async def test_copies_with_different_clocks_return_the_same_successor_within_the_leeway(
    skewed_urls: list[str],
) -> None:
    """Each copy rotates once, and both copies accept the new pair."""
    for order in (skewed_urls, skewed_urls[::-1]):
        assert await one_token(order, SKEWED_USES, leeway_seconds=LEEWAY_SECONDS) == []


async def test_no_refresh_succeeds_after_a_logout_at_a_copy_with_another_clock(skewed_urls: list[str]) -> None:
    for order in (skewed_urls, skewed_urls[::-1]) * SKEWED_ENDS:
        assert await ended_meanwhile(order, log_out) == []


async def test_after_changes_of_signing_keys_only_tokens_of_the_revoked_key_are_refused() -> None:
    """Two processes with default intervals, and users, clients, resources, and services that verify tokens locally."""
    with ExitStack() as stack:
        database_url = stack.enter_context(own_database())
        settings = proof_settings(database_url, **ADMINISTRATION)
        urls = [stack.enter_context(running_service({**settings, "ALGORITHM": each})) for each in ALGORITHMS]
        people = Administrators(database_url, codec_of(settings))
        assert await change_under_load(urls, people, ADMINISTRATION["PUBLIC_URL"]) == []


def test_a_host_forty_days_ahead_prunes_nothing_and_reports_this_in_one_line(
    libfaketime: Path, lenient: dict[str, str], tmp_path: Path
) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "doorward", "prune"],
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **lenient, **FAR_AHEAD.environment(libfaketime)},
        capture_output=True,
        text=True,
    )
    (line,) = finished.stderr.splitlines()
    assert finished.returncode == 1
    # A stall during the measurement may add some seconds.
    assert re.fullmatch(
        r"doorward: the clocks of this host and of PostgreSQL differ by 3456\d{3} seconds: nothing was removed\. "
        r"Correct the one that is wrong, then run it again",
        line,
    )
