"""HTTP/1.1 on one connection: uvicorn's protocol on httptools, with bounds on size, number and time.

The internals of uvicorn and httptools that this depends on are listed in docs/decisions/0021-bounds-at-the-server.md
and checked by tests/unit/server/test_server_internals.py.
"""

import asyncio
from enum import Enum, auto
from typing import Any, Final

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from doorward.api.exceptions import RequestRefusedError
from doorward.server.answers import ErrorAnswers
from doorward.server.connection_protocol import ConnectionProtocol
from doorward.server.connections import NEVER, Connections
from doorward.server.exceptions import (
    BodyTimeoutError,
    HeadersTooLargeError,
    HeadTimeoutError,
    MalformedRequestError,
)
from doorward.server.limits import CHUNK_BYTES, MAXIMUM_DISCARDED_BYTES, MAXIMUM_HEAD_BYTES
from doorward.server.request_head import refusal_of_head, refusal_of_long_head, refusal_of_size, refusal_of_upgrade

BODY_NOT_WANTED: Final = "body_not_wanted"
"""The reason under which clients are counted that continue to send a body after its answer."""


class _Part(Enum):
    """The part of a message that the input has reached."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()
    OVER = auto()
    """No more input is read: a request was refused."""


_BETWEEN, _HEAD, _BODY, _OVER = _Part
# Names of the module: in Python 3.11, the lookup of an Enum's member takes longer than the rest of a comparison.


class LimitedHttpProtocol(ConnectionProtocol):
    """One connection. It holds at most one head, one piece of a body, and the data received with a pipelined request.

    Data after a header section is never treated as a header: trailers are read and dropped (RFC 9112 section 7.1.2). A
    client that ends its side of the connection after a complete request gets its answer.
    """

    __slots__ = ("_body_bytes", "_counted_bytes", "_has_ended", "_part", "_refusal", "_unread")

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
        super().__init__(config, server_state, app_state, loop, connections, answers)
        self._part = _BETWEEN
        self._has_ended = False
        """Whether the client has closed its side."""
        self._unread = b""
        """Data received with requests that wait for earlier ones, and not yet parsed."""
        self._counted_bytes = 0
        """Bytes received in whole pieces since the head began, or since the last byte of a body."""
        self._body_bytes = 0
        self._refusal: type[RequestRefusedError] | None = None
        """Why a callback stopped the parser."""
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    # The end

    def connection_lost(self, exc: Exception | None) -> None:
        """Discard the data that was not yet parsed."""
        self._unread = b""
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's always returns None
        """Return whether to keep the connection open for the answers to complete requests."""
        self._has_ended = True
        is_cut_off = self._part is _BODY and not self.pipeline
        is_kept = self._is_answering() and not is_cut_off
        if is_kept:
            self.deadline = self.loop.time() + self._limits.probe_seconds
        return is_kept

    # Input

    def data_received(self, data: bytes) -> None:
        """Parse the input in pieces. Data after a request that must wait is kept until that request is answered."""
        if self._part is _OVER:
            return
        if self._unread or len(data) > CHUNK_BYTES:
            self._unread += data
            self._parse_unread()
        else:
            self._parse(data)

    def _parse_unread(self) -> None:
        data, position = self._unread, 0
        view = memoryview(data)
        while position < len(data) and not self.pipeline and self._part is not _OVER:
            self._parse(view[position : position + CHUNK_BYTES])
            position += CHUNK_BYTES
        self._unread = b"" if self._part is _OVER else data[position:]
        if self._unread:
            self.flow.pause_reading()

    def _parse(self, piece: bytes | memoryview) -> None:
        if self._part is _BETWEEN:
            self._begin_head()
        self._counted_bytes += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            # The upgrade is ignored: the rest is the next request.
            if rest := piece[upgrade.args[0] :]:
                self._parse(rest)
        except httptools.HttpParserError:
            self._refuse(self._refusal or MalformedRequestError)
        else:
            if self._part is _HEAD:
                self._await_head()
            elif self._part is _BODY:
                self._await_body()

    def _begin_head(self) -> None:
        self._part = _HEAD
        self._counted_bytes = 0
        self._part_began = 0
        if self.group is self._open.idle:
            del self._open.idle[self]
            self.group = None
            self.deadline = NEVER

    def _await_head(self) -> None:
        """Set the deadline of an incomplete head, and refuse one that is already too large."""
        refusal = refusal_of_size(self.url, self.headers)
        if self._counted_bytes > MAXIMUM_HEAD_BYTES:
            refusal = refusal or HeadersTooLargeError
        if refusal is not None:
            self._refuse(refusal)
        elif self._part_began == 0:
            # A connection with requests in progress is not closed to make room.
            self._await(self._limits.head_seconds, None if self._is_answering() else self._open.unfinished)

    def _await_body(self) -> None:
        """Set the deadline of an incomplete body, and end one that is too large."""
        if self._counted_bytes > MAXIMUM_HEAD_BYTES:
            # An endless trailer or chunk extension.
            self._refuse(HeadersTooLargeError)
        elif self._body_bytes > MAXIMUM_DISCARDED_BYTES and self.cycle.response_complete:
            self._open.count(BODY_NOT_WANTED, self.peer)
            self._part = _OVER
            self.transport.close()
        elif self._part_began == 0:
            self._await(self._limits.body_seconds, None if self.pipeline else self._open.uploading)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """Begin a head: the first one, or one that was received with the end of the previous request."""
        if self._part is _OVER:
            raise MalformedRequestError
        if self._part is not _HEAD:
            self._begin_head()
        self._counted_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Refuse a head that breaks a rule, or start the request."""
        headers = self.headers
        refusal = refusal_of_head(self.parser.get_http_version(), self.url, headers)
        if self._counted_bytes:
            refusal = refusal or refusal_of_long_head(self.url, headers)
        if self.parser.should_upgrade():
            refusal = refusal or refusal_of_upgrade(headers)
        if refusal is not None:
            self._refusal = refusal
            raise MalformedRequestError
        super().on_headers_complete()
        # The request keeps the list of its headers. From here on the parser reports trailers: they go to another list,
        # whose content is not used.
        self.headers = []
        self._part = _BODY
        self._counted_bytes = self._body_bytes = 0
        self._part_began = 0
        if self.group is not None:
            self._open.move(self, None)

    def on_body(self, body: bytes) -> None:
        """Count a part of the body and pass it on."""
        self._counted_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request's input."""
        self._part = _BETWEEN
        self.deadline = NEVER
        if self.group is not None:
            self._open.move(self, None)
        cycle = self.cycle
        if self.headers:
            self._end_after_trailers()
        elif cycle.response_complete:
            self._become_idle()
        cycle.more_body = False
        cycle.message_event.set()

    def _end_after_trailers(self) -> None:
        """Close the connection after the answer to this request, and read no more from it.

        The parser treats ``Connection: close`` in a trailer like one in a header: it would silently drop the next
        request, which behind a proxy belongs to another client.
        """
        self._part = _OVER
        self.cycle.keep_alive = False
        if self.cycle.response_complete:
            self.transport.close()

    # Answers

    def on_response_complete(self) -> None:
        """Start the next request, wait for one, or close after the last."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            if cycle.more_body and self._is_input_over():
                self.transport.close()
                return
            self._start_asgi_task(cycle, app)
        self.flow.resume_reading()
        if self._unread:
            self._parse_unread()
        if self.cycle.response_complete:
            if self._is_input_over():
                self.transport.close()
            elif self._part is _BETWEEN:
                self._become_idle()

    def _is_input_over(self) -> bool:
        return self._has_ended or self._part is _OVER

    def _refuse(self, refusal: type[RequestRefusedError]) -> None:
        """Answer with an error and end the input. If earlier requests are in progress, only those are answered."""
        if self._part is _OVER:
            return
        part, self._part = self._part, _OVER
        self._unread = b""
        self._open.count(refusal.code, self.peer)
        self.deadline = NEVER
        cycle = self.cycle
        is_answered = part is _BODY and (cycle.response_started or cycle.response_complete)
        if part is _BODY and not self.pipeline:
            # The refused request is in progress: the application is told that its client has disconnected.
            cycle.disconnected = True
            cycle.message_event.set()
        elif self._is_answering():
            self._open.move(self, None)
            return
        path = self.scope["path"] if part is _BODY else ""
        self._end(b"" if is_answered else self._answers.render(refusal, path))

    # Deadlines, checked by the sweep

    def expire(self, now: float) -> None:
        """Handle the expired deadline."""
        if self._has_ended and self._is_answering():
            self._probe(now)
        elif self._part is _OVER:
            self.abort()
        elif self._part is _BETWEEN:
            self.transport.close()
            self.deadline = NEVER
        elif self.flow.read_paused:
            # Reading was paused, so the client could not send: that time does not count.
            self.deadline = now + self._limits.sweep_seconds
        elif self._part is _HEAD:
            self._refuse(HeadTimeoutError)
        else:
            self.deadline = self._part_began + self._limits.seconds_for_body(self._body_bytes)
            if self.deadline < now:
                self._refuse(BodyTimeoutError)
