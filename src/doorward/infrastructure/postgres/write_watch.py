"""Whether the server takes writes, as its connections say, and what is done when another one takes over."""

import time
from collections.abc import Awaitable, Callable

from doorward.observability.database_events import DatabaseReadOnly, DatabaseWritable
from doorward.observability.logging import report


class WriteWatch:
    """Follows a switchover: the old primary comes back as a standby, and the address moves to the new one later.

    Connections to the standby work, so nothing else would replace them. A read on one of them may not yet know that a
    session has ended.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with a server that takes writes; ``now`` tells the time in seconds, as for ``made_at`` below."""
        self._now = now
        self._replacements: list[Callable[[], Awaitable[None]]] = []
        self._is_read_only = False
        self._writable_since = now()

    def replace_afterwards(self, replace_connections: Callable[[], Awaitable[None]]) -> None:
        """Register a function to call when a server accepts writes after another one refused them."""
        self._replacements.append(replace_connections)

    def refused(self, made_at: float) -> None:
        """Take note that the server of a connection, which was made at that moment, refuses writes.

        A connection that is older than the first one to a server that takes writes is left over from before it.
        """
        if self.is_left_over(made_at) or self._is_read_only:
            return
        self._is_read_only = True
        report(DatabaseReadOnly())

    def is_left_over(self, made_at: float) -> bool:
        """Tell whether a server took writes after a connection was made to another one."""
        return made_at < self._writable_since

    async def accepted(self) -> None:
        """Take note of a new connection to a server that takes writes. After another server, leave that one's."""
        if not self._is_read_only:
            return
        self._is_read_only, self._writable_since = False, self._now()
        report(DatabaseWritable())
        for replace_connections in self._replacements:
            await replace_connections()
