"""Clients that do not read their answers: their connections are cut."""

import asyncio
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from doorward.server.connections import NEVER, Connection, Connections
from doorward.server.limits import LEAST_READ_BYTES

ANSWER_NOT_READ: Final = "answer_not_read"


class AnswerWatchingProtocol(HttpToolsProtocol):
    """uvicorn's protocol, counted among the connections of the process, and cut when its answers are not read.

    uvicorn waits without end for a client that does not read, and so does a transport that is closing.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
        connections: Connections,
    ) -> None:
        """Prepare for one connection."""
        super().__init__(config, server_state, app_state, loop)
        self._open = connections
        self._limits = connections.limits
        self._unread_answer_bytes = 0
        self.peer = ""
        self.place: dict[Connection, None] | None = None
        self.deadline = NEVER
        self.unread_deadline = NEVER

    def pause_writing(self) -> None:
        """Stop the application while the client does not read, and watch whether it does."""
        super().pause_writing()
        self._watch_reader(self.loop.time())

    def resume_writing(self) -> None:
        """Let the application go on."""
        self.unread_deadline = NEVER
        super().resume_writing()

    def check_reader(self, now: float) -> None:
        """Cut the connection unless the client has taken ``LEAST_READ_BYTES`` of its answer since the last look."""
        if self._unread_answer_bytes - self.transport.get_write_buffer_size() < LEAST_READ_BYTES:
            self._open.count(ANSWER_NOT_READ, self.peer)
            self.cut()
        else:
            self._watch_reader(now)

    def watch_closing(self, now: float) -> None:
        """Watch whether the client takes the rest of its last answer."""
        if self.unread_deadline == NEVER and self.transport.is_closing():
            self._watch_reader(now)

    def _watch_reader(self, now: float) -> None:
        self._unread_answer_bytes = self.transport.get_write_buffer_size()
        self.unread_deadline = now + self._limits.unread_answer_seconds

    def cut(self) -> None:
        """Close at once, whatever is under way."""
        self.deadline = self.unread_deadline = NEVER
        self.transport.abort()
