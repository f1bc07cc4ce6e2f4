"""One request and its response: limits the size of the body, and adds the response headers."""

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import Message, Receive, Send

from doorward.api.draining import Drain
from doorward.api.exceptions import BodyTooLargeError
from doorward.api.middleware.answer_headers import Headers

FIRST_REFUSAL: Final = 400
"""The lowest status that is a refusal. Not ``HTTPStatus``: looking up an Enum member is slow in Python 3.11."""

_CLOSE = (b"connection", b"close")


class Exchange:
    """The ``receive`` and ``send`` functions for a route."""

    __slots__ = (
        "_drain",
        "_has_body",
        "_limit",
        "_policy_headers",
        "_receive",
        "_received",
        "_send",
        "extra_headers",
        "status",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        limit: int,
        has_body: bool,
        policy_headers: tuple[Headers, Headers],
        drain: Drain,
    ) -> None:
        """Wrap the server's functions with the values of the policy.

        ``limit`` is the maximum size of the request body in bytes. ``policy_headers`` are the response headers of a
        success and of a refusal. ``has_body`` is False for a response to HEAD.
        """
        self._receive = receive
        self._send = send
        self._limit = limit
        self._received = 0
        self._has_body = has_body
        self._policy_headers = policy_headers
        self._drain = drain
        self.extra_headers: Headers = ()
        """Headers of this response only."""
        self.status = 0
        """Status of the response; 0 before it has begun."""

    async def receive(self) -> Message:
        """Return the next message. Raises ``BodyTooLargeError`` once the body exceeds the limit."""
        message = await self._receive()
        if body := message.get("body"):
            self._received += len(body)
            if self._received > self._limit:
                raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the response."""
        if message["type"] == "http.response.start":
            self._begin(message)
        elif not self._has_body:
            message = {**message, "body": b""}
        await self._send(message)

    def _begin(self, message: MutableMapping[str, Any]) -> None:
        self.status = message["status"]
        given = message["headers"]
        added = self._policy_headers[self.status >= FIRST_REFUSAL]
        message["headers"] = [*given, *added, *self.extra_headers]
        if self._drain.has_begun and _CLOSE not in given:
            message["headers"].append(_CLOSE)
