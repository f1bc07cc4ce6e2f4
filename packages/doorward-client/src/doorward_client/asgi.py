"""Protects a whole ASGI application of any framework: Starlette, an MCP server, an application of your own."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from doorward_client.challenges import MEDIA_TYPE, Challenges, RefusedCall, refused_call, refused_without_token
from doorward_client.credentials import Credentials, read_credentials
from doorward_client.current_user import CurrentUser
from doorward_client.exceptions import DoorwardClientError
from doorward_client.protected_resource import ProtectedResource

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

USER: Final = "user"
"""The key in ``scope["state"]`` for the caller: Starlette's ``request.state.user``."""

_READS: Final = ("GET", "HEAD")


class ProtectedApp:
    """Forwards calls with a valid token to an application, and serves its metadata to all callers.

    A layer of the application may have more requirements: it raises ``InsufficientScopeError`` (with
    ``user.require_scopes([...])``) or another ``DoorwardClientError`` before anything is sent, and the response says
    what is missing. In a route of a framework it may be too late: Starlette sends 500 first.
    """

    def __init__(
        self,
        app: App,
        verify: Callable[[Credentials], Awaitable[CurrentUser]],
        challenges: Challenges,
        resource: ProtectedResource,
        public_url: str | None,
    ) -> None:
        """Use ``public_url``, at which clients reach the path ``/``, to check the address in proofs (RFC 9449)."""
        self._app = app
        self._verify = verify
        self._challenges = challenges
        self._public_url = public_url
        self._path = resource.path
        self._document = json.dumps(resource.document()).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or forward it to the application. Startup and shutdown are always forwarded."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            # A response to a WebSocket cannot contain a challenge.
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

        challenges = self._challenges
        try:
            credentials = read_credentials(scope, self._public_url)
            if credentials is None:
                await _answer(send, refused_without_token(challenges))
                return
            challenges = challenges.for_credentials(credentials)
            scope.setdefault("state", {})[USER] = await self._verify(credentials)
            await self._app(scope, receive, watched)
        except DoorwardClientError as error:
            if begun:
                raise
            await _answer(send, refused_call(error, challenges))

    async def _describe(self, scope: Scope, send: Send) -> None:
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "public, max-age=300",
            "Access-Control-Allow-Origin": "*",
        }
        body = b"" if scope["method"] == "HEAD" else self._document
        await _send(send, HTTPStatus.OK, headers, body, len(self._document))


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
