"""How much hashing a check costs, and how much may wait."""

import asyncio
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator

import bcrypt
import pytest

from doorward.core.events import Event
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.ports import PasswordCheck
from doorward.infrastructure.passwords import MINIMUM_CAPACITY, QUEUED_PER_THREAD, BcryptHasher, available_cores
from doorward.observability.events import PasswordHashQueueFull
from doorward.observability.logging import observed_events
from tests.unit.infrastructure.test_password_hashing import UNUSABLE_HASHES

COST = 5
CHEAP_PLAIN = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
SPARE_BITS = bcrypt.hashpw(b"correct horse", b"$2b$04$abcdefghijklmnopqrstuu").decode().replace("stuu", "stuv", 1)
"""As a library keeps a salt that was chosen by hand."""

CURRENT_PLAIN = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(COST)).decode()
CAPACITY = MINIMUM_CAPACITY


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    made = BcryptHasher(rounds=COST, threads=1)
    yield made
    made.close()


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The cost of each bcrypt computation, as it happens."""
    seen: list[int] = []
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def counting_hashpw(password: bytes, salt: bytes) -> bytes:
        made = hashpw(password, salt)
        seen.append(int(salt[4:6]))
        return made

    def counting_checkpw(password: bytes, hashed_password: bytes) -> bool:
        fits = checkpw(password, hashed_password)
        seen.append(int(hashed_password[4:6]))
        return fits

    monkeypatch.setattr(bcrypt, "hashpw", counting_hashpw)
    monkeypatch.setattr(bcrypt, "checkpw", counting_checkpw)
    return seen


def _work(costs: Iterable[int]) -> tuple[int, int]:
    """Return how many hashes were computed, each of which has a setup, and how many iterations they took in all."""
    counted = list(costs)
    return len(counted), sum(2**cost for cost in counted)


REFUSAL = _work([COST, 4])
"""What every refusal costs."""


@pytest.mark.parametrize("stored", [*UNUSABLE_HASHES, None])
async def test_an_unusable_hash_costs_a_refusal(hasher: BcryptHasher, costs: list[int], stored: str | None) -> None:
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


async def test_a_wrong_password_costs_a_refusal(hasher: BcryptHasher, costs: list[int]) -> None:
    stored = await hasher.hash("correct horse")
    costs.clear()
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


@pytest.mark.parametrize(
    "stored", [CHEAP_PLAIN, CURRENT_PLAIN, SPARE_BITS], ids=["cheap", "current", "with spare bits"]
)
async def test_a_wrong_password_against_a_plain_hash_costs_a_refusal(
    hasher: BcryptHasher, costs: list[int], stored: str
) -> None:
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


async def test_a_password_too_long_for_a_plain_hash_costs_a_refusal(hasher: BcryptHasher, costs: list[int]) -> None:
    await hasher.check("a" * 73, CURRENT_PLAIN)
    assert _work(costs) == REFUSAL


async def test_a_right_password_costs_one_hash(hasher: BcryptHasher, costs: list[int]) -> None:
    stored = await hasher.hash("correct horse")
    costs.clear()
    assert (await hasher.check("correct horse", stored)).is_correct
    assert costs == [COST]


async def test_a_wrong_password_against_a_dearer_hash_costs_that_hash_alone(costs: list[int]) -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    await hasher.check("wrong horse", CURRENT_PLAIN)
    hasher.close()
    assert costs == [COST]


@pytest.fixture
def claimed_costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The cost of each bcrypt computation as it was asked for; it takes the least time at any cost."""
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw
    claimed: list[int] = []

    def cheap(salt: bytes) -> bytes:
        claimed.append(int(salt[4:6]))
        return salt[:4] + b"04" + salt[6:]

    monkeypatch.setattr(bcrypt, "hashpw", lambda password, salt: hashpw(password, cheap(salt)))
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: checkpw(password, cheap(stored)))
    return claimed


@pytest.mark.parametrize("rounds", [4, 5, 6, 10])
async def test_a_refusal_costs_the_same_at_every_age_of_a_hash(claimed_costs: list[int], rounds: int) -> None:
    hasher = BcryptHasher(rounds=rounds, threads=1)
    work: dict[str, tuple[int, int]] = {}
    plain = {f"cost {cost}": CHEAP_PLAIN.replace("$04$", f"${cost:02}$") for cost in range(4, rounds + 1)}
    for name, stored in {"no hash": None, **plain}.items():
        claimed_costs.clear()
        await hasher.check("wrong horse", stored)
        work[name] = _work(claimed_costs)
    hasher.close()
    assert work == dict.fromkeys(work, _work([rounds, *[4] * (rounds - 4)]))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No bcrypt computation ends before this is set; none costs anything, since what is counted is who waits."""
    opened = threading.Event()

    def waiting_hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        return salt[:29] + hashlib.sha256(password + salt).hexdigest()[:31].encode()

    monkeypatch.setattr(bcrypt, "hashpw", waiting_hashpw)
    yield opened
    opened.set()


async def _fill(hasher: BcryptHasher) -> list[asyncio.Task[PasswordCheck]]:
    """Occupy the whole capacity."""
    tasks = [asyncio.ensure_future(hasher.check("correct horse", None)) for _ in range(CAPACITY)]
    await asyncio.sleep(0)
    return tasks


async def test_one_call_above_the_capacity_is_refused_at_once(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    reported: list[Event] = []
    with observed_events(reported.append), pytest.raises(ServiceUnavailableError):
        await hasher.check("correct horse", None)
    assert reported == [PasswordHashQueueFull(waiting=CAPACITY)]
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_registration_above_the_capacity_is_refused_too(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    with pytest.raises(ServiceUnavailableError):
        await hasher.hash("correct horse")
    gate.set()
    await asyncio.gather(*tasks)


async def test_the_whole_capacity_is_served(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    gate.set()
    assert [check.is_correct for check in await asyncio.gather(*tasks)] == [False] * CAPACITY


async def test_after_the_queue_is_worked_off_the_whole_capacity_is_there_again(
    hasher: BcryptHasher, gate: threading.Event
) -> None:
    gate.set()
    await asyncio.gather(*await _fill(hasher))
    await asyncio.gather(*await _fill(hasher))


async def test_more_cores_hash_more_at_a_time_and_let_more_wait(gate: threading.Event) -> None:
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


async def test_what_is_closed_has_finished(gate: threading.Event) -> None:
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


async def test_work_given_up_by_its_callers_makes_room_again(hasher: BcryptHasher, gate: threading.Event) -> None:
    tasks = await _fill(hasher)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gate.set()
    await hasher.check("correct horse", None)
    await asyncio.gather(*await _fill(hasher))


async def test_a_failing_computation_makes_room_again(hasher: BcryptHasher) -> None:
    for _ in range(CAPACITY + 1):
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


async def test_elsewhere_than_on_linux_priorities_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert await _niceness_of_hashing(monkeypatch) == _niceness()


def test_elsewhere_than_on_linux_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert available_cores() == os.cpu_count()


def test_on_linux_only_the_cores_that_the_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert available_cores() == 3


async def test_hashes_are_made_in_threads_of_their_own_and_their_wait_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_plain_hash_of_the_current_cost_is_outdated_all_the_same(hasher: BcryptHasher) -> None:
    check = await hasher.check("correct horse", CURRENT_PLAIN)
    assert check.upgraded_hash is not None
