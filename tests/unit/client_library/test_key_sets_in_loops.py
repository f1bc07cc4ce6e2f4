"""One key set in several event loops: one after another, in several threads, and in one that ends too early."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from doorward_client.key_sets import FetchedKeys, KeySet
from tests.unit.client_library.issuer_server import Clock, settle
from tests.unit.client_library.signing import elliptic_key, key_set

URI: Final = "https://accounts.example/oauth/jwks"
LOOPS: Final = 4
HANGS_AFTER_SECONDS: Final = 60


def in_loop_of_its_own(call: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return await call()

    return asyncio.run(run())


def test_several_event_loops_one_after_another_use_one_set() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        fetches.append(uri)
        return FetchedKeys(key_set(elliptic_key()))

    fetches: list[str] = []
    keys = KeySet(URI, fetch, clock=Clock())
    first = in_loop_of_its_own(keys.current_keys)
    assert in_loop_of_its_own(keys.current_keys) is first
    assert len(fetches) == 1


def test_event_loops_in_several_threads_share_one_fetch() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        fetches.append(uri)
        await asyncio.to_thread(all_began.wait)
        return FetchedKeys(key_set(elliptic_key()))

    async def use() -> int:
        call = asyncio.create_task(keys.current_keys())
        await settle()
        await asyncio.to_thread(all_began.wait)
        return id(await call)

    fetches: list[str] = []
    # Each loop has begun its call, and so has the one fetch.
    all_began = threading.Barrier(LOOPS + 1, timeout=HANGS_AFTER_SECONDS)
    keys = KeySet(URI, fetch, clock=Clock())
    with ThreadPoolExecutor(LOOPS) as threads:
        found = set(threads.map(lambda _: in_loop_of_its_own(use), range(LOOPS)))
    assert len(found) == 1
    assert len(fetches) == 1


def test_a_loop_that_ends_during_the_fetch_leaves_the_next_a_usable_set() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        fetches.append(uri)
        if len(fetches) == 1:
            await asyncio.Event().wait()
        return FetchedKeys(key_set(elliptic_key()))

    async def begin() -> None:
        task = asyncio.create_task(keys.current_keys())
        await settle()
        task.cancel()

    fetches: list[str] = []
    clock = Clock()
    keys = KeySet(URI, fetch, clock=clock)
    asyncio.run(begin())
    clock.seconds += 5
    assert in_loop_of_its_own(keys.current_keys)
