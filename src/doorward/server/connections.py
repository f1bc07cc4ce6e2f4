"""All open connections of one process: their number, their deadlines, and the log of refused ones."""

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
"""The reason under which connections are counted that were closed to admit a new one."""

EXHAUSTED: Final = frozenset({CLOSED_FOR_ROOM, TooManyConnectionsError.code})

Observe = Callable[[int, int], None]
"""Takes the number of open connections and their maximum."""


class Connection(Protocol):
    """The part of a connection that this module uses."""

    peer: str
    """The remote address."""

    group: "dict[Connection, None] | None"
    """Its group among the connections that may be closed to make room."""

    deadline: float
    """When ``expire`` is due, on the loop's clock."""

    unread_deadline: float
    """When ``check_reader`` is due, on the loop's clock."""

    def expire(self, now: float) -> None:
        """Handle the expired deadline."""

    def check_reader(self, now: float) -> None:
        """Abort the connection if the client does not read its answer."""

    def watch_closing(self, now: float) -> None:
        """Set a deadline for the rest of the answer if the connection is closing."""

    def abort(self) -> None:
        """Abort at once, even if a request is in progress."""


class Connections:
    """Admits connections up to the limit, and compares the deadlines of all of them once a second.

    One sweep replaces a timer for each phase of each request: a request costs assignments only.
    """

    def __init__(
        self, limits: ConnectionLimits, loop: asyncio.AbstractEventLoop, observe: Observe | None = None
    ) -> None:
        self.limits = limits
        self.unfinished: dict[Connection, None] = {}
        """Connections without a complete head: unused, or in the middle of a head. The oldest is first, as below."""
        self.idle: dict[Connection, None] = {}
        """Connections between two requests."""
        self.uploading: dict[Connection, None] = {}
        """Connections in the middle of a body."""
        self._open: set[Connection] = set()
        self._loop = loop
        self._observe = observe
        self._refused: Counter[str] = Counter()
        self._last_peer: dict[str, str] = {}
        self._reported: dict[str, float] = {}
        loop.call_later(limits.sweep_seconds, self._sweep)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, and close another one for it if necessary. Return False when there is no room.

        Connections that have not completed a head are closed first, the oldest of them before the others: an ordinary
        client completes its head as soon as it is connected. Idle ones are next, then unfinished bodies. A connection
        whose request is being answered is never closed.
        """
        if len(self._open) >= self.limits.connections and not self._make_room():
            return False
        self._open.add(connection)
        return True

    def _make_room(self) -> bool:
        for group in (self.unfinished, self.idle, self.uploading):
            for oldest in group:
                self.remove(oldest)
                oldest.abort()
                self.count(CLOSED_FOR_ROOM, oldest.peer)
                return True
        return False

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._open.discard(connection)
        self.move(connection, None)

    @staticmethod
    def move(connection: Connection, group: dict[Connection, None] | None) -> None:
        """Move a connection to the end of a group, or out of all groups."""
        if connection.group is not None:
            connection.group.pop(connection, None)
        connection.group = group
        if group is not None:
            group[connection] = None

    def count(self, reason: str, peer: str) -> None:
        """Count one more refusal, which the sweep reports."""
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
