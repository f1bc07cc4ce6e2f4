"""The end of the password hasher: what waits is refused, what is computed finishes."""

import asyncio

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.passwords import BcryptHasher

WAITING = 6


async def test_hashes_that_wait_at_the_end_are_refused() -> None:
    hasher = BcryptHasher(rounds=8, threads=1)
    calls = [asyncio.create_task(hasher.hash("correct horse battery")) for _ in range(WAITING)]
    while hasher.waiting < WAITING - 1:  # noqa: ASYNC110 - the hasher has no event for it
        await asyncio.sleep(0)
    hasher.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceUnavailableError)]
    assert len(refused) >= WAITING - 1
    assert all(isinstance(outcome, str) for outcome in outcomes if outcome not in refused)


async def test_a_hash_after_the_end_is_an_error() -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    hasher.close()
    with pytest.raises(RuntimeError):
        await hasher.hash("correct horse battery")
