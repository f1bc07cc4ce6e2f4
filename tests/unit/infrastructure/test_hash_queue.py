"""The order in which password hashes are computed and dropped."""

import asyncio
from collections.abc import Sequence

import pytest

from doorward.domain.auth.ports import Client
from doorward.infrastructure.hash_queue import (
    ADDRESSES_OF_A_NETWORK,
    ADDRESSES_OF_AN_ACCOUNT,
    KNOWN_CLIENT_BONUS,
    MEMORY_SECONDS,
    HashQueue,
    WaitingHash,
    waiting_hash,
)


class Clock:
    def __init__(self) -> None:
        self.present = 0.0

    def now(self) -> float:
        return self.present


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> HashQueue:
    return HashQueue(clock.now)


def call(address: str, account: str, *, has_left: bool = False) -> WaitingHash:
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    return waiting_hash(Client(address, lambda: has_left), account, lambda: None, outcome)


def spread(number: int) -> str:
    """Return an address in a separate network for each number."""
    return f"198.{number // 250}.{number % 250}.1"


def add(queue: HashQueue, calls: Sequence[WaitingHash]) -> None:
    for each in calls:
        queue.add(each)


def compute_next(queue: HashQueue) -> WaitingHash | None:
    """Take the next call and record its hash as computed."""
    if (taken := queue.take_next()) is not None:
        queue.note_computed(taken)
    return taken


async def test_equal_clients_are_served_in_order_of_arrival(queue: HashQueue) -> None:
    calls = [call(spread(number), f"user {number}") for number in range(5)]
    add(queue, calls)
    assert [compute_next(queue) for _ in range(6)] == [*calls, None]


async def test_an_address_with_many_calls_waits_for_one_with_few(queue: HashQueue) -> None:
    flood = [call("203.0.113.7", f"user {number}") for number in range(10)]
    genuine = call("198.51.100.1", "ada")
    add(queue, [*flood, genuine])
    assert [compute_next(queue) for _ in range(2)] == [flood[0], genuine]


async def test_ninety_addresses_that_were_served_wait_for_one_that_was_not(queue: HashQueue) -> None:
    for _ in range(3):
        add(queue, [call(spread(number), f"user {number}") for number in range(90)])
    for _ in range(90):
        compute_next(queue)
    genuine = call("203.0.113.7", "ada")
    queue.add(genuine)
    assert compute_next(queue) is genuine


async def test_ninety_addresses_of_one_network_wait_for_another_network(queue: HashQueue) -> None:
    add(queue, [call(f"198.51.100.{number}", f"user {number}") for number in range(2 * ADDRESSES_OF_A_NETWORK + 1)])
    genuine = call("203.0.113.7", "ada")
    queue.add(genuine)
    assert compute_next(queue) is genuine


async def test_guesses_for_one_account_wait_for_other_accounts(queue: HashQueue) -> None:
    add(queue, [call(spread(number), "ada") for number in range(2 * ADDRESSES_OF_AN_ACCOUNT + 1)])
    other = call("203.0.113.7", "grace")
    queue.add(other)
    assert compute_next(queue) is other


async def test_the_owner_of_a_guessed_account_precedes_addresses_that_were_served(queue: HashQueue) -> None:
    for _ in range(2):
        add(queue, [call(spread(number), "ada") for number in range(20)])
    for _ in range(20):
        compute_next(queue)
    owner = call("203.0.113.7", "ada")
    queue.add(owner)
    assert compute_next(queue) is owner


async def test_a_client_that_sent_a_correct_password_is_preferred_a_few_times(queue: HashQueue) -> None:
    queue.note_right_password("203.0.113.7")
    add(queue, [call(spread(number), f"user {number}") for number in range(90)])
    known = [call("203.0.113.7", "ada") for _ in range(KNOWN_CLIENT_BONUS + 2)]
    add(queue, known)
    taken = [compute_next(queue) for _ in range(KNOWN_CLIENT_BONUS + 2)]
    assert [each in known for each in taken] == [True] * KNOWN_CLIENT_BONUS + [False] * 2


async def test_a_call_of_the_most_loaded_client_is_dropped_and_not_that_of_a_new_one(queue: HashQueue) -> None:
    flood = [call("203.0.113.7", f"user {number}") for number in range(3)]
    genuine = call("198.51.100.1", "ada")
    add(queue, [*flood, genuine])
    assert [queue.drop_most_loaded() for _ in range(2)] == [flood[2], flood[1]]


async def test_calls_of_disconnected_clients_are_dropped(queue: HashQueue) -> None:
    gone, staying = call("203.0.113.7", "ada", has_left=True), call("198.51.100.1", "grace")
    given_up = call("192.0.2.1", "heidi")
    given_up.outcome.cancel()
    add(queue, [gone, staying, given_up])
    assert queue.drop_unwanted() == [gone, given_up]
    assert compute_next(queue) is staying


async def test_old_computations_do_not_count(queue: HashQueue, clock: Clock) -> None:
    add(queue, [call("203.0.113.7", "ada") for _ in range(20)])
    while compute_next(queue):
        pass
    clock.present += 2 * MEMORY_SECONDS
    first, second = call("203.0.113.7", "ada"), call("198.51.100.1", "grace")
    add(queue, [first, second])
    assert compute_next(queue) is first


async def test_calls_that_were_never_computed_do_not_count(queue: HashQueue) -> None:
    add(queue, [call(spread(number), "ada") for number in range(3 * ADDRESSES_OF_AN_ACCOUNT)])
    while queue.take_next():
        pass
    owner, other = call("203.0.113.7", "ada"), call("198.51.100.1", "grace")
    add(queue, [owner, other])
    assert queue.take_next() is owner


async def test_calls_of_disconnected_clients_do_not_count_for_their_address(queue: HashQueue) -> None:
    add(queue, [call("203.0.113.7", "ada", has_left=True), call("203.0.113.7", "grace")])
    assert queue.number_of("203.0.113.7") == 1
