"""The detection of a switchover by refused writes, and the replacement of all connections after it."""

from collections.abc import Iterator

import pytest

from doorward.core.events import Event
from doorward.infrastructure.postgres.write_watch import WriteWatch
from doorward.observability.database_events import DatabaseReadOnly, DatabaseWritable
from doorward.observability.logging import observed_events


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds


class Pool:
    """Count how often the connections are replaced."""

    def __init__(self) -> None:
        self.replaced = 0

    async def replace_connections(self) -> None:
        self.replaced += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pools() -> list[Pool]:
    return [Pool(), Pool()]


@pytest.fixture
def watch(clock: Clock, pools: list[Pool]) -> WriteWatch:
    watch = WriteWatch(clock.now)
    for pool in pools:
        watch.on_switchover(pool.replace_connections)
    return watch


@pytest.fixture(autouse=True)
def reported() -> Iterator[list[Event]]:
    events: list[Event] = []
    with observed_events(events.append):
        yield events


async def test_a_server_that_always_accepts_writes_changes_nothing(
    watch: WriteWatch, pools: list[Pool], reported: list[Event]
) -> None:
    await watch.record_acceptance()
    await watch.record_acceptance()
    assert ([pool.replaced for pool in pools], reported) == ([0, 0], [])


async def test_after_refusals_the_first_accepted_write_replaces_all_connections_once(
    watch: WriteWatch, pools: list[Pool], reported: list[Event], clock: Clock
) -> None:
    for _ in range(3):
        watch.record_refusal(clock.now())
    await watch.record_acceptance()
    await watch.record_acceptance()
    assert ([pool.replaced for pool in pools], reported) == ([1, 1], [DatabaseReadOnly(), DatabaseWritable()])


async def test_refusals_of_connections_from_before_the_switchover_are_ignored(
    watch: WriteWatch, pools: list[Pool], reported: list[Event], clock: Clock
) -> None:
    made_at = clock.now()
    watch.record_refusal(made_at)
    clock.seconds += 1
    await watch.record_acceptance()
    watch.record_refusal(made_at)
    await watch.record_acceptance()
    assert ([pool.replaced for pool in pools], reported) == ([1, 1], [DatabaseReadOnly(), DatabaseWritable()])
    watch.record_refusal(clock.now())
    await watch.record_acceptance()
    assert ([pool.replaced for pool in pools], reported) == ([2, 2], [DatabaseReadOnly(), DatabaseWritable()] * 2)


async def test_a_connection_predates_the_switchover_if_it_is_older_than_the_first_accepted_write(clock: Clock) -> None:
    watch = WriteWatch(clock.now)
    assert not watch.predates_switchover(made_at=100)
    watch.record_refusal(made_at=100)
    clock.seconds = 110
    await watch.record_acceptance()
    assert watch.predates_switchover(made_at=109)
    assert not watch.predates_switchover(made_at=110)
