"""One connection as a whole: counted, refused when there are too many, and aborted when its client does not read."""

import asyncio
from abc import abstractmethod
from typing import Any, Final

from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from doorward.server.answers import ErrorAnswers
from doorward.server.connections import NEVER, Connection, Connections
from doorward.server.exceptions import TooManyConnectionsError
from doorward.server.limits import MINIMUM_READ_BYTES

ANSWER_NOT_READ: Final = "answer_not_read"
_INTERIM_ANSWER: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class ConnectionProtocol(HttpToolsProtocol):
    """uvicorn's protocol, counted among the connections of the process, and aborted when its answers are not read.

    uvicorn waits without a timeout for a client that does not read, and so does a transport that is closing.
    """

    # In slots, for speed: in instances with more than 30 attributes in their dict, each access is slower.
    __slots__ = (
        "_answers",
        "_limits",
        "_open",
        "_part_began",
        "_running",
        "_unread_answer_bytes",
        "deadline",
        "group",
        "peer",
        "unread_deadline",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
        connections: Connections,
        answers: ErrorAnswers,
    ) -> None:
        """Prepare for one connection."""
        super().__init__(config, server_state, app_state, loop)
        self._open = connections
        self._limits = connections.limits
        self._answers = answers
        self._unread_answer_bytes = 0
        self._running: RequestResponseCycle | None = None
        """The request that the application answers; ``cycle`` is the newest, which may be queued behind it."""
        self._part_began = 0.0
        """When the head or body that must be completed began; 0 while it has no deadline."""
        self.peer = ""
        self.group: dict[Connection, None] | None = None
        self.deadline = NEVER
        self.unread_deadline = NEVER

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Admit a new connection, or refuse it when there are too many."""
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        if not self._open.admit(self):
            self.transport = transport
            self._open.count(TooManyConnectionsError.code, self.peer)
            transport.write(self._answers.render(TooManyConnectionsError))
            transport.close()
            return
        super().connection_made(transport)
        self._open.move(self, self._open.unfinished)
        self.deadline = self.loop.time() + self._limits.head_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection, and notify the request in progress."""
        self.deadline = self.unread_deadline = NEVER
        self._open.remove(self)
        super().connection_lost(exc)
        # uvicorn notifies the newest request only, which may be queued behind the one in progress.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _should_upgrade(self) -> bool:
        """Ignore a requested upgrade to another protocol (RFC 9110 section 7.8)."""
        return False

    def _is_answering(self) -> bool:
        # The newest request, because those before it are answered first.
        cycle = self.cycle
        return cycle is not None and not (cycle.response_complete or cycle.disconnected)

    def _await(self, seconds: float, group: dict[Connection, None] | None) -> None:
        """Set the deadline of a head or body, and move the connection to a group."""
        self._part_began = self.loop.time()
        self.deadline = self._part_began + seconds
        self._open.move(self, group)

    def _become_idle(self) -> None:
        self.deadline = self.loop.time() + self._limits.idle_seconds
        self.group = self._open.idle
        self.group[self] = None

    def _end(self, answer: bytes) -> None:
        """Write a last answer and close this side. Input is discarded for ``linger_seconds``."""
        if not answer:
            self.transport.close()
            return
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.deadline = self.loop.time() + self._limits.linger_seconds
        self._open.move(self, self._open.unfinished)

    def _probe(self, now: float) -> None:
        """Find out whether a client that has closed its side still reads.

        A client that is gone looks the same until something is written. A client that still reads ignores an interim
        answer (RFC 9110 section 15.2); one that is gone resets the connection, and the next write then informs the
        application. Nothing is written in the middle of an answer, nor to HTTP/1.0.
        """
        running = self._running
        can_probe = running is not None and running.scope["http_version"] == "1.1" and not running.response_started
        self.deadline = now + self._limits.probe_seconds if can_probe else NEVER
        if can_probe:
            self.transport.write(_INTERIM_ANSWER)

    @abstractmethod
    def expire(self, now: float) -> None:
        """Handle the expired deadline."""

    def pause_writing(self) -> None:
        """Pause the application while the client does not read, and start the timeout for that."""
        super().pause_writing()
        self._watch_reader(self.loop.time())

    def resume_writing(self) -> None:
        """Resume the application, and stop the timeout."""
        self.unread_deadline = NEVER
        super().resume_writing()

    def check_reader(self, now: float) -> None:
        """Abort the connection unless the client has read ``MINIMUM_READ_BYTES`` of its answer since the last check."""
        if self._unread_answer_bytes - self.transport.get_write_buffer_size() < MINIMUM_READ_BYTES:
            self._open.count(ANSWER_NOT_READ, self.peer)
            self.abort()
        else:
            self._watch_reader(now)

    def watch_closing(self, now: float) -> None:
        """Start the timeout for the rest of the last answer if the connection is closing."""
        if self.unread_deadline == NEVER and self.transport.is_closing():
            self._watch_reader(now)

    def _watch_reader(self, now: float) -> None:
        self._unread_answer_bytes = self.transport.get_write_buffer_size()
        self.unread_deadline = now + self._limits.unread_answer_seconds

    def abort(self) -> None:
        """Abort at once, even if a request is in progress."""
        self.deadline = self.unread_deadline = NEVER
        self.transport.abort()
