"""All open connections of one process: their number, their times, and what is reported of those that were refused."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from doorward.observability.events import HttpConnectionRefused, HttpConnectionsExhausted
from doorward.observability.logging import report
from doorward.server.exceptions import TooManyConnectionsError
from doorward.server.limits import ConnectionLimits

NEVER: Final = float("inf")
CLOSED_FOR_ROOM: Final = "closed_for_room"
"""The reason under which connections are counted that were closed to let a new one in."""

EXHAUSTED: Final = frozenset({CLOSED_FOR_ROOM, TooManyConnectionsError.code})

Observe = Callable[[int, int], None]
"""Takes the number of open connections and the most that there may be."""


class Connection(Protocol):
    """What is known of one connection here."""

    peer: str
    """The address of the other side."""

    place: "dict[Connection, None] | None"
    """Where it stands among those that may be closed to make room."""

    deadline: float
    """When ``expire`` is due, on the loop's clock."""

    unread_deadline: float
    """When ``check_reader`` is due."""

    def expire(self, now: float) -> None:
        """End what has taken too long."""

    def check_reader(self, now: float) -> None:
        """Cut the connection if the client does not read its answer."""

    def watch_closing(self, now: float) -> None:
        """Give a connection that is closing a deadline for the rest of its answer."""

    def cut(self) -> None:
        """Close at once, whatever is under way."""


class Connections:
    """Admits connections up to the limit, and compares the deadlines of all of them once a second.

    One sweep instead of a timer for each phase of each request: a request costs assignments only.
    """

    def __init__(
        self, limits: ConnectionLimits, loop: asyncio.AbstractEventLoop, observe: Observe | None = None
    ) -> None:
        self.limits = limits
        self.unfinished: dict[Connection, None] = {}
        """Those without a complete head: never used, or in the middle of one. The oldest is first, as below."""
        self.idle: dict[Connection, None] = {}
        """Those between two requests."""
        self.uploading: dict[Connection, None] = {}
        """Those in the middle of a body."""
        self._open: set[Connection] = set()
        self._loop = loop
        self._observe = observe
        self._refused: Counter[str] = Counter()
        self._last_peer: dict[str, str] = {}
        self._reported: dict[str, float] = {}
        loop.call_later(limits.sweep_seconds, self._sweep)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, closing another one for it if need be. Return False when there is no room.

        Connections that have not completed a head go first, the oldest of them before the others: an ordinary client
        completes its head as soon as it is connected. Then idle ones, then unfinished bodies. One whose request is
        being answered is never closed.
        """
        if len(self._open) >= self.limits.connections and not self._make_room():
            return False
        self._open.add(connection)
        return True

    def _make_room(self) -> bool:
        for place in (self.unfinished, self.idle, self.uploading):
            for oldest in place:
                self.remove(oldest)
                oldest.cut()
                self.count(CLOSED_FOR_ROOM, oldest.peer)
                return True
        return False

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self._open.discard(connection)
        self.move(connection, None)

    @staticmethod
    def move(connection: Connection, place: dict[Connection, None] | None) -> None:
        """Put a connection at the end of a place, or nowhere."""
        if connection.place is not None:
            connection.place.pop(connection, None)
        connection.place = place
        if place is not None:
            place[connection] = None

    def count(self, reason: str, peer: str) -> None:
        """Take one more refusal, to be reported by the sweep."""
        self._refused[reason] += 1
        self._last_peer[reason] = peer

    def _sweep(self) -> None:
        self._loop.call_later(self.limits.sweep_seconds, self._sweep)
        now = self._loop.time()
        for connection in tuple(self._open):
            if connection.deadline < now:
                connection.expire(now)
            if connection.unread_deadline < now:
                connection.check_reader(now)
            else:
                connection.watch_closing(now)
        self._report(now)
        if self._observe is not None:
            self._observe(len(self._open), self.limits.connections)

    def _report(self, now: float) -> None:
        for reason, count in tuple(self._refused.items()):
            if now - self._reported.get(reason, -NEVER) < self.limits.report_seconds:
                continue
            self._reported[reason] = now
            del self._refused[reason]
            peer = self._last_peer.pop(reason)
            if reason in EXHAUSTED:
                limit = self.limits.connections
                report(HttpConnectionsExhausted(limit=limit, reason=reason, count=count, peer=peer))
            else:
                report(HttpConnectionRefused(reason=reason, count=count, peer=peer))
