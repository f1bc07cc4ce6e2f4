"""The queue of password hashes: its capacity, its threads, and its refusals."""

import asyncio
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator

import bcrypt
import pytest

from doorward.core.events import Event
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.exceptions import TooManyHashesError
from doorward.domain.auth.ports import NO_CLIENT, Client, ClientLeftError, PasswordCheck
from doorward.infrastructure.passwords import MINIMUM_CAPACITY, QUEUED_PER_THREAD, BcryptHasher, available_cores
from doorward.observability.events import PasswordHashQueueFull
from doorward.observability.logging import observed_events

COST = 5
CURRENT_PLAIN = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(COST)).decode()


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    made = BcryptHasher(rounds=COST, threads=1)
    yield made
    made.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Block each bcrypt computation until this is set. The computation is fake, since only waiting calls count."""
    opened = threading.Event()

    def waiting_hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        return salt[:29] + hashlib.sha256(password + salt).hexdigest()[:31].encode()

    monkeypatch.setattr(bcrypt, "hashpw", waiting_hashpw)
    yield opened
    opened.set()


async def _fill(hasher: BcryptHasher) -> list[asyncio.Task[PasswordCheck]]:
    """Occupy the whole capacity."""
    tasks = [asyncio.ensure_future(hasher.check("correct horse", None)) for _ in range(MINIMUM_CAPACITY)]
    await asyncio.sleep(0)
    return tasks


async def test_one_call_above_the_capacity_is_refused_at_once(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    reported: list[Event] = []
    with observed_events(reported.append), pytest.raises(ServiceUnavailableError):
        await hasher.check("correct horse", None)
    assert reported == [PasswordHashQueueFull(waiting=MINIMUM_CAPACITY)]
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_registration_above_the_capacity_is_refused_too(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    with pytest.raises(ServiceUnavailableError):
        await hasher.hash("correct horse")
    gate.set()
    await asyncio.gather(*tasks)


async def test_one_call_above_the_limit_of_its_address_is_refused(gate: threading.Event) -> None:
    """The calls of other addresses wait."""
    hasher = BcryptHasher(rounds=COST, threads=1, per_address=2)
    clients = [Client("192.0.2.1")] * 3 + [Client("192.0.2.2")]
    tasks = [asyncio.ensure_future(hasher.check("correct horse", None, client=each)) for each in clients]
    await asyncio.sleep(0)
    refused = [task.done() for task in tasks]
    gate.set()
    checks = await asyncio.gather(*tasks, return_exceptions=True)
    hasher.close()
    assert refused == [False, False, True, False]
    assert [type(check) for check in checks] == [PasswordCheck, PasswordCheck, TooManyHashesError, PasswordCheck]


async def test_a_finished_call_no_longer_counts_for_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher, client = BcryptHasher(rounds=COST, threads=2, per_address=2), Client("192.0.2.1")
    permits = threading.Semaphore(0)

    def hashpw(_password: bytes, salt: bytes) -> bytes:
        permits.acquire()
        return salt

    monkeypatch.setattr(bcrypt, "hashpw", hashpw)
    try:
        tasks = [asyncio.ensure_future(hasher.hash("correct horse", client=client)) for _ in range(2)]
        await asyncio.sleep(0)
        permits.release()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tasks += [asyncio.ensure_future(hasher.hash("correct horse", client=client)) for _ in range(2)]
        await asyncio.sleep(0)
        refused = [task.done() for task in tasks[2:]]
    finally:
        permits.release(4)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    hasher.close()
    assert refused == [False, True]
    assert [type(result) for result in results] == [str, str, str, TooManyHashesError]


async def test_a_call_behind_that_of_a_client_that_left_is_computed(
    hasher: BcryptHasher, gate: threading.Event
) -> None:
    clients = [NO_CLIENT, Client("192.0.2.1", gate.is_set), Client("192.0.2.2")]
    tasks = [asyncio.ensure_future(hasher.check("correct horse", None, client=each)) for each in clients]
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(60):
        checks = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(check) for check in checks] == [PasswordCheck, ClientLeftError, PasswordCheck]


async def test_calls_of_an_address_that_gave_a_right_password_go_first(
    hasher: BcryptHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, other = Client("203.0.113.7"), Client("192.0.2.1")
    assert (await hasher.check("correct horse", CURRENT_PLAIN, client=known)).is_correct
    assert not (await hasher.check("wrong horse", CURRENT_PLAIN, client=other)).is_correct
    opened, compute, finished = threading.Event(), bcrypt.hashpw, list[Client]()

    def hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        return compute(password, salt)

    async def check(client: Client) -> None:
        await hasher.check("wrong horse", CURRENT_PLAIN, client=client)
        finished.append(client)

    monkeypatch.setattr(bcrypt, "hashpw", hashpw)
    # The first call keeps the only thread busy while the others queue.
    tasks = [asyncio.ensure_future(check(client)) for client in (NO_CLIENT, other, known)]
    await asyncio.sleep(0)
    opened.set()
    await asyncio.gather(*tasks)
    assert finished == [NO_CLIENT, known, other]


async def test_the_whole_capacity_is_served(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    gate.set()
    assert [check.is_correct for check in await asyncio.gather(*tasks)] == [False] * MINIMUM_CAPACITY


async def test_the_whole_capacity_is_available_again_after_the_queue_is_processed(
    hasher: BcryptHasher, gate: threading.Event
) -> None:
    gate.set()
    await asyncio.gather(*await _fill(hasher))
    await asyncio.gather(*await _fill(hasher))


async def test_more_threads_compute_more_hashes_at_once_and_let_more_calls_wait(gate: threading.Event) -> None:
    hasher = BcryptHasher(rounds=4, threads=10)
    others = _hashing_threads()
    tasks = [asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(10 * (1 + QUEUED_PER_THREAD))]
    await asyncio.sleep(0)
    assert len(_hashing_threads() - others) == 10
    assert hasher.waiting == 10 * QUEUED_PER_THREAD
    with pytest.raises(ServiceUnavailableError):
        await hasher.hash("correct horse")
    gate.set()
    await asyncio.gather(*tasks)
    hasher.close()


async def test_close_waits_for_running_hashes(gate: threading.Event) -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    others = _hashing_threads()
    under_way = asyncio.ensure_future(hasher.hash("correct horse"))
    await asyncio.sleep(0)
    threading.Timer(0.05, gate.set).start()
    hasher.close()
    assert _hashing_threads() <= others
    await under_way


def _hashing_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("bcrypt")}


async def test_cancelled_calls_release_their_places(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gate.set()
    await hasher.check("correct horse", None)
    await asyncio.gather(*await _fill(hasher))


async def test_a_failing_computation_releases_its_place(hasher: BcryptHasher) -> None:
    for _ in range(MINIMUM_CAPACITY + 1):
        with pytest.raises(UnicodeEncodeError):
            await hasher.hash("\ud800")


async def _niceness_of_hashing(monkeypatch: pytest.MonkeyPatch) -> int:
    seen: list[int] = []
    hashpw = bcrypt.hashpw

    def observed_hashpw(password: bytes, salt: bytes) -> bytes:
        seen.append(_niceness())
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", observed_hashpw)
    hasher = BcryptHasher(rounds=4, threads=1)
    await hasher.hash("correct horse")
    hasher.close()
    return seen[0]


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


async def test_hashing_has_the_lowest_priority_and_the_event_loop_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _niceness()
    monkeypatch.setattr(sys, "platform", "linux")
    assert (await _niceness_of_hashing(monkeypatch), _niceness()) == (19, before)


async def test_priorities_are_unchanged_on_systems_other_than_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert await _niceness_of_hashing(monkeypatch) == _niceness()


@pytest.mark.parametrize(("count", "expected"), [(12, 12), (None, 1)])
def test_all_cores_count_on_systems_other_than_linux(
    monkeypatch: pytest.MonkeyPatch, count: int | None, expected: int
) -> None:
    """Such a system may lack ``sched_getaffinity``, and ``os.cpu_count`` may return None."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert available_cores() == expected


def test_only_cores_that_the_process_may_use_count_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert available_cores() == 3


async def test_hashes_are_computed_in_separate_threads_and_their_wait_is_observed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names: list[str] = []
    waits: list[float] = []
    hashpw = bcrypt.hashpw

    def naming_hashpw(password: bytes, salt: bytes) -> bytes:
        names.append(threading.current_thread().name)
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", naming_hashpw)
    hasher = BcryptHasher(rounds=4, threads=1, observe_wait=waits.append)
    began = time.monotonic()
    try:
        await hasher.hash("correct horse")
    finally:
        hasher.close()
    assert [name.startswith("bcrypt") for name in names] == [True]
    assert [0 <= wait <= time.monotonic() - began for wait in waits] == [True]
