"""One key set in several event loops: in sequence, in several threads, and in a loop that ends early."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from doorward_client.exceptions import KeysUnavailableError
from doorward_client.key_sets import FetchedKeys, KeySet
from doorward_client.public_keys import PublicKeys
from tests.unit.client_library.issuer_server import Clock, KeyServer, in_loop_of_its_own, settle
from tests.unit.client_library.signing import elliptic_key, key_set

URI: Final = "https://accounts.example/oauth/jwks"
LOOPS: Final = 4
HANGS_AFTER_SECONDS: Final = 60


class HangsOnce:
    """Respond to each fetch except the first, which never ends."""

    def __init__(self) -> None:
        self.requested: list[str] = []

    async def __call__(self, uri: str) -> FetchedKeys:
        self.requested.append(uri)
        if len(self.requested) == 1:
            await asyncio.Event().wait()
        return FetchedKeys(key_set(elliptic_key()))


def test_event_loops_in_sequence_share_one_fetch() -> None:
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
    # Passed when each loop has begun its call and the one fetch has begun.
    all_began = threading.Barrier(LOOPS + 1, timeout=HANGS_AFTER_SECONDS)
    keys = KeySet(URI, fetch, clock=Clock())
    with ThreadPoolExecutor(LOOPS) as threads:
        found = set(threads.map(lambda _: in_loop_of_its_own(use), range(LOOPS)))
    assert len(found) == 1
    assert len(fetches) == 1


def test_a_key_set_stays_usable_after_a_loop_ended_during_its_fetch() -> None:
    async def begin() -> None:
        task = asyncio.create_task(keys.current_keys())
        await settle()
        task.cancel()

    fetch = HangsOnce()
    clock = Clock()
    keys = KeySet(URI, fetch, clock=clock)
    asyncio.run(begin())
    clock.seconds += 5
    assert in_loop_of_its_own(keys.current_keys)


def test_a_fetch_that_ends_with_its_loop_is_repeated_for_callers_of_other_loops() -> None:
    async def begin() -> None:
        task = asyncio.create_task(keys.current_keys())
        await settle()
        first_began.set()
        await asyncio.to_thread(second_waits.wait, HANGS_AFTER_SECONDS)
        task.cancel()

    async def join() -> PublicKeys:
        await asyncio.to_thread(first_began.wait, HANGS_AFTER_SECONDS)
        call = asyncio.create_task(keys.current_keys())
        await settle()
        second_waits.set()
        return await call

    fetch = HangsOnce()
    first_began, second_waits = threading.Event(), threading.Event()
    keys = KeySet(URI, fetch, clock=Clock())
    with ThreadPoolExecutor(2) as threads:
        beginning = threads.submit(in_loop_of_its_own, begin)
        assert threads.submit(in_loop_of_its_own, join).result().find("elliptic", "ES256")
        beginning.result()
    assert len(fetch.requested) == 2


def test_a_fetch_in_a_stopped_loop_is_not_awaited() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        fetches.append(uri)
        if len(fetches) == 1:
            await left.wait()
        return FetchedKeys(key_set(elliptic_key()))

    async def begin() -> None:
        tasks.append(asyncio.create_task(keys.current_keys()))
        await settle()

    fetches: list[str] = []
    tasks: list[asyncio.Task[PublicKeys]] = []
    left = asyncio.Event()
    keys = KeySet(URI, fetch, clock=Clock())
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(begin())
        assert in_loop_of_its_own(lambda: asyncio.wait_for(keys.current_keys(), HANGS_AFTER_SECONDS))
        assert len(fetches) == 2
        left.set()
        loop.run_until_complete(tasks[0])
    finally:
        loop.close()


def test_a_cancelled_fetch_for_an_unknown_key_is_repeated() -> None:
    async def fetch(_uri: str) -> FetchedKeys:
        if holds:
            await asyncio.Event().wait()
        return FetchedKeys(body)

    async def begin() -> None:
        task = asyncio.create_task(keys.refetch_for_unknown_key())
        await settle()
        task.cancel()

    holds, body = False, key_set(elliptic_key("old"))
    keys = KeySet(URI, fetch, clock=Clock())
    in_loop_of_its_own(keys.current_keys)
    holds, body = True, key_set(elliptic_key("old"), elliptic_key("new"))
    in_loop_of_its_own(begin)
    holds = False
    assert in_loop_of_its_own(keys.refetch_for_unknown_key).find("new", "ES256")


async def test_cancelled_callers_of_one_loop_cancel_no_fetch() -> None:
    server, clock = KeyServer(), Clock()
    keys = KeySet(URI, server.fetch, clock=clock)
    server.may_answer.clear()
    for _ in range(5):
        call = asyncio.create_task(keys.current_keys())
        await settle()
        call.cancel()
        await settle()
    server.may_answer.set()
    await settle()
    assert keys.fresh_keys()
    assert len(server.fetches) == 1


async def test_a_late_response_of_an_older_fetch_replaces_no_newer_keys() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        mine = gates[len(begun)]
        begun.append(uri)
        await mine.wait()
        return FetchedKeys(key_set(elliptic_key("old" if mine is gates[0] else "new")))

    gates = [asyncio.Event(), asyncio.Event()]
    begun: list[str] = []
    clock = Clock()
    keys = KeySet(URI, fetch, clock=clock)
    lost = asyncio.create_task(keys.current_keys())
    await settle()
    clock.seconds += 8
    call = asyncio.create_task(keys.current_keys())
    await settle()
    gates[1].set()
    assert (await call).find("new", "ES256")
    gates[0].set()
    assert (await lost).find("new", "ES256")
    found = keys.fresh_keys()
    assert found
    assert found.find("old", "ES256") is None


async def test_a_fetch_that_cancels_itself_causes_no_endless_loop() -> None:
    async def fetch(_uri: str) -> FetchedKeys:
        raise asyncio.CancelledError

    with pytest.raises(KeysUnavailableError):
        await KeySet(URI, fetch, clock=Clock()).current_keys()
