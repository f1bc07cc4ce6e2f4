"""One request and its answer as the pass sees them: the body is counted, the answer gets its headers."""

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import Message, Receive, Send

from doorward.api.draining import Drain
from doorward.api.exceptions import BodyTooLargeError
from doorward.api.middleware.answer_headers import Headers

FIRST_REFUSAL: Final = 400
"""The lowest status that is a refusal. Python 3.11 finds a member of an Enum slowly."""

_CLOSE = (b"connection", b"close")


class Exchange:
    """The ``receive`` and ``send`` that a route is given."""

    __slots__ = (
        "_drain",
        "_has_body",
        "_headers_of",
        "_limit",
        "_own_headers",
        "_receive",
        "_received",
        "_send",
        "status",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        limit: int,
        has_body: bool,
        headers_of: tuple[Headers, Headers],
        own_headers: Headers,
        drain: Drain,
    ) -> None:
        """Take the server's functions, and what the policy says.

        ``limit`` is in bytes of the request's body. ``headers_of`` are those of a success and of a refusal, and
        ``own_headers`` those of this request. An answer without a body is one to HEAD.
        """
        self._receive = receive
        self._send = send
        self._limit = limit
        self._received = 0
        self._has_body = has_body
        self._headers_of = headers_of
        self._own_headers = own_headers
        self._drain = drain
        self.status = 0
        """Of the answer, once it has begun."""

    async def receive(self) -> Message:
        """Return the next message. Raises ``BodyTooLargeError`` at the byte too many."""
        message = await self._receive()
        if body := message.get("body"):
            self._received += len(body)
            if self._received > self._limit:
                raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the answer."""
        if message["type"] == "http.response.start":
            self._begin(message)
        elif not self._has_body:
            message = {**message, "body": b""}
        await self._send(message)

    def _begin(self, message: MutableMapping[str, Any]) -> None:
        self.status = message["status"]
        given = message["headers"]
        added = self._headers_of[self.status >= FIRST_REFUSAL]
        message["headers"] = [*given, *added, *self._own_headers]
        if self._drain.has_begun and _CLOSE not in given:
            message["headers"].append(_CLOSE)
