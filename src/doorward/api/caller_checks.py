"""Checks of callers that routes make themselves, because they need a cookie, a form or a token of another kind.

Admission checks access tokens. For the other kinds of access, a route takes a dependency that is an ``AccessCheck``, or
its call is guarded. ``PolicyRoute`` raises ``RouteError`` at startup for a route that does neither.
"""

from http import HTTPStatus
from typing import ClassVar, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.api.policy import InBrowser, NeedsClient, NeedsRegistrationToken

CheckedByRoute = InBrowser | NeedsClient | NeedsRegistrationToken
"""The kinds of access that admission does not check."""

_CHECKED: Final = "doorward.checked"


class AccessCheck:
    """A FastAPI dependency that checks the caller of a route, and refuses with the errors that the access requires."""

    access: ClassVar[type[CheckedByRoute]]


class UncheckedCallerError(Exception):
    """A guarded route has not checked its caller before its response: a defect, answered with 500."""


def note_checked(scope: Scope) -> None:
    """Record that the caller of this request was checked."""
    scope[_CHECKED] = True


def guarded(app: ASGIApp) -> ASGIApp:
    """Return the application of a route whose function checks its caller itself.

    Without a call of ``note_checked``, only refusals are sent; any other response raises ``UncheckedCallerError``.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_if_checked(message: Message) -> None:
            is_success = message["type"] == "http.response.start" and message["status"] < HTTPStatus.BAD_REQUEST
            if is_success and _CHECKED not in scope:
                raise UncheckedCallerError
            await send(message)

        await app(scope, receive, send_if_checked)

    return answer
