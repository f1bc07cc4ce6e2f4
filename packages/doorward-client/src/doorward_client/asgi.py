"""Protects a whole ASGI application, whatever its framework: Starlette, an MCP server, an application of your own."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from doorward_client.challenges import MEDIA_TYPE, Challenges, RefusedCall, refused_call, refused_without_token
from doorward_client.current_user import CurrentUser
from doorward_client.exceptions import DoorwardClientError, InvalidTokenError
from doorward_client.protected_resource import ProtectedResource

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

USER: Final = "user"
"""The member of ``scope["state"]`` that has the caller: Starlette's ``request.state.user``."""

_READS: Final = ("GET", "HEAD")
_AUTHORIZATION: Final = b"authorization"


class ProtectedApp:
    """Lets callers with a valid token through to an application, and describes it to all.

    A layer of the application may ask more of a call: it raises ``InsufficientScopeError`` (by
    ``user.require_scopes([...])``) or another ``DoorwardClientError`` before anything is sent, and the caller is told
    what is missing. In a route of a framework it may be too late: Starlette sends 500 first.
    """

    def __init__(
        self,
        app: App,
        verify: Callable[[str], Awaitable[CurrentUser]],
        challenges: Challenges,
        resource: ProtectedResource,
    ) -> None:
        self._app = app
        self._verify = verify
        self._challenges = challenges
        self._path = resource.path
        self._document = json.dumps(resource.document()).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the application answer it. Its start and end are the application's."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            # A WebSocket has no answer that could carry a challenge.
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == self._path and scope["method"] in _READS:
            await self._describe(scope, send)
        else:
            await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            token = _bearer(scope["headers"])
            if token is None:
                await _answer(send, refused_without_token(self._challenges))
                return
            scope.setdefault("state", {})[USER] = await self._verify(token)
            await self._app(scope, receive, watched)
        except DoorwardClientError as error:
            if begun:
                raise
            await _answer(send, refused_call(error, self._challenges))

    async def _describe(self, scope: Scope, send: Send) -> None:
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "public, max-age=300",
            "Access-Control-Allow-Origin": "*",
        }
        body = b"" if scope["method"] == "HEAD" else self._document
        await _send(send, HTTPStatus.OK, headers, body, len(self._document))


def _bearer(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the token of the header; None without one. Raises ``InvalidTokenError`` for several headers."""
    values = [value for name, value in headers if name.lower() == _AUTHORIZATION]
    if len(values) > 1:
        raise InvalidTokenError("There are several Authorization headers.")
    scheme, _, token = (values[0] if values else b"").decode("latin-1").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" and token.strip(" ") else None


async def _answer(send: Send, refused: RefusedCall) -> None:
    body = json.dumps(refused.problem()).encode()
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **refused.headers}
    await _send(send, refused.status, headers, body, len(body))


async def _send(send: Send, status: HTTPStatus, headers: Mapping[str, str], body: bytes, length: int) -> None:
    sent = [
        (name.lower().encode(), value.encode()) for name, value in {**headers, "Content-Length": str(length)}.items()
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": sent})
    await send({"type": "http.response.body", "body": body})
