"""Detects a switchover of PostgreSQL to another server, and replaces the connections to the old one."""

import time
from collections.abc import Awaitable, Callable

from doorward.observability.database_events import DatabaseReadOnly, DatabaseWritable
from doorward.observability.logging import report


class WriteWatch:
    """Detects a switchover: the old primary returns as a standby, and the address moves to the new primary later.

    Connections to the standby work, so nothing else would replace them. A read on one of them may still show a session
    as live after it has ended.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with a server that takes writes. ``now`` returns seconds, on the same clock as ``made_at`` below."""
        self._now = now
        self._replacements: list[Callable[[], Awaitable[None]]] = []
        self._is_read_only = False
        self._writable_since = now()

    def on_switchover(self, replace_connections: Callable[[], Awaitable[None]]) -> None:
        """Register a function to call when a server accepts writes after another one refused them."""
        self._replacements.append(replace_connections)

    def record_refusal(self, made_at: float) -> None:
        """Record that the server of a connection that was made at ``made_at`` refuses writes.

        A connection older than the first one to a server that takes writes is left over from before it, and ignored.
        """
        if self.predates_switchover(made_at) or self._is_read_only:
            return
        self._is_read_only = True
        report(DatabaseReadOnly())

    def predates_switchover(self, made_at: float) -> bool:
        """Return whether the connection was made before the first one to the server that now takes writes."""
        return made_at < self._writable_since

    async def record_acceptance(self) -> None:
        """Record a new connection to a server that takes writes. Replace the others if writes were refused before."""
        if not self._is_read_only:
            return
        self._is_read_only, self._writable_since = False, self._now()
        report(DatabaseWritable())
        for replace_connections in self._replacements:
            await replace_connections()
