"""The number of connections, their deadlines, and the reports about them, with a fake clock."""

import asyncio
import resource
from collections.abc import Callable
from typing import cast

import pytest

from doorward.core.events import Event
from doorward.observability.events import HttpConnectionRefused
from doorward.observability.logging import configure_logging, observed_events
from doorward.server.connections import NEVER, Connection, Connections
from doorward.server.limits import (
    MINIMUM_CONNECTIONS,
    RESERVED_DESCRIPTORS,
    SMALL_BODY_BYTES,
    ConnectionLimits,
    connection_limit,
)


class Loop:
    """Run the scheduled callback when the test requests it."""

    def __init__(self) -> None:
        self.now = 100.0
        self._due: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now

    def call_later(self, _: float, callback: Callable[[], None]) -> None:
        self._due = callback

    def sweep_at(self, now: float) -> None:
        self.now = now
        assert self._due is not None
        self._due()


class Counted:
    """A connection that records what is done to it."""

    def __init__(self, peer: str = "192.0.2.1") -> None:
        self.peer = peer
        self.group: dict[Connection, None] | None = None
        self.deadline = self.unread_deadline = NEVER
        self.done: list[str] = []

    def expire(self, _: float) -> None:
        self.done.append("expired")
        self.deadline = NEVER

    def check_reader(self, _: float) -> None:
        self.done.append("reader checked")
        self.unread_deadline = NEVER

    def watch_closing(self, _: float) -> None:
        """Do nothing: the connection is open."""

    def abort(self) -> None:
        self.done.append("abort")


def connections(loop: Loop, limit: int = 3) -> Connections:
    return Connections(ConnectionLimits(limit), cast("asyncio.AbstractEventLoop", loop))


def test_the_least_active_connections_are_closed_first() -> None:
    all_of_them = connections(Loop())
    uploading, idle, silent = Counted(), Counted(), Counted()
    for each, group in (
        (uploading, all_of_them.uploading),
        (idle, all_of_them.idle),
        (silent, all_of_them.unfinished),
    ):
        assert all_of_them.admit(each)
        all_of_them.move(each, group)
    for expected in (silent, idle, uploading):
        assert all_of_them.admit(Counted())
        assert expected.done == ["abort"]
    assert not all_of_them.admit(Counted())


def test_a_deadline_expires_once_and_not_early() -> None:
    loop = Loop()
    all_of_them = connections(loop)
    connection = Counted()
    all_of_them.admit(connection)
    connection.deadline, connection.unread_deadline = 110.0, 120.0
    loop.sweep_at(109.9)
    assert connection.done == []
    loop.sweep_at(110.1)
    loop.sweep_at(119.0)
    assert connection.done == ["expired"]
    loop.sweep_at(120.1)
    assert connection.done == ["expired", "reader checked"]
    connection.deadline = 1.0
    all_of_them.remove(connection)
    loop.sweep_at(130.0)
    assert len(connection.done) == 2


def test_refusals_for_one_reason_are_reported_once_in_ten_seconds() -> None:
    configure_logging("error", "json")
    loop = Loop()
    all_of_them = connections(loop)
    seen: list[Event] = []
    with observed_events(seen.append):
        for number in range(1000):
            all_of_them.count("invalid_host", f"192.0.2.{number % 10}")
        for now in (101.0, 102.0, 105.0):
            loop.sweep_at(now)
            all_of_them.count("invalid_host", "192.0.2.1")
        loop.sweep_at(112.0)
        loop.sweep_at(130.0)
    assert seen == [
        HttpConnectionRefused(reason="invalid_host", count=1000, peer="192.0.2.9"),
        HttpConnectionRefused(reason="invalid_host", count=3, peer="192.0.2.1"),
    ]


@pytest.mark.parametrize(
    ("wanted", "descriptors", "expected"),
    [
        (1000, 1_048_576, 1000),
        (1000, 1024, 1024 - RESERVED_DESCRIPTORS - 10),
        (1000, 256, 256 - RESERVED_DESCRIPTORS - 10),
        (1000, 64, MINIMUM_CONNECTIONS),
        (1000, resource.RLIM_INFINITY, 1000),
        (50, 1024, 50),
    ],
)
def test_the_limit_of_connections_leaves_descriptors_for_other_uses(
    wanted: int, descriptors: int, expected: int
) -> None:
    assert connection_limit(wanted, descriptors=descriptors, other_descriptors=10) == expected


def test_a_small_body_has_thirty_seconds_and_a_larger_one_a_minimum_rate() -> None:
    limits = ConnectionLimits(10)
    assert limits.idle_seconds > 60
    assert limits.seconds_for_body(0) == limits.seconds_for_body(SMALL_BODY_BYTES) == 30
    assert limits.seconds_for_body(SMALL_BODY_BYTES + 32 * 1024 * 1024) == 30 + 1024
