"""When the password hasher is closed, waiting hashes are refused and running ones finish."""

import asyncio

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.passwords import BcryptHasher

WAITING = 6


async def test_waiting_hashes_are_refused_on_close() -> None:
    hasher = BcryptHasher(rounds=8, threads=1)
    calls = [asyncio.create_task(hasher.hash("correct horse battery")) for _ in range(WAITING)]
    while hasher.waiting < WAITING - 1:  # noqa: ASYNC110 - the hasher has no event for it
        await asyncio.sleep(0)
    hasher.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceUnavailableError)]
    assert len(refused) >= WAITING - 1
    assert all(isinstance(outcome, str) for outcome in outcomes if outcome not in refused)


async def test_a_hash_after_close_raises() -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    hasher.close()
    with pytest.raises(RuntimeError):
        await hasher.hash("correct horse battery")
