"""FastAPI dependencies: use cases, the current user, the waiting client, rate limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import ClientDisconnect

from doorward.api.budgets import CallsInFlight
from doorward.api.exceptions import RateLimitExceededError
from doorward.core.ports import RateLimiter
from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError
from doorward.domain.auth.models import User
from doorward.domain.auth.ports import Client, ClientLeftError
from doorward.domain.auth.sessions import Sessions
from doorward.observability.logging import get_logger

logger = get_logger()

_documented_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    scheme_name="password",
    description="User name or e-mail address, and password.",
    auto_error=False,
)
"""Puts the Authorize button on /docs. What it reads is not used: ``bearer_token`` is stricter."""

SIGNED_IN: Final[dict[str, Any]] = {"security": [{_documented_scheme.scheme_name: []}]}
"""The same for a direct call, which has no dependencies."""


def use_case(name: str) -> object:
    """Return what asks for the field of ``Services`` with this name, to stand in ``Annotated`` behind its type."""

    async def wired(request: Request) -> object:
        return getattr(request.app.state, name)

    return Depends(wired)


SessionsUseCase = Annotated[Sessions, use_case("sessions")]


def bearer_token(request: Request) -> str:
    """Return the token of the one Authorization header (RFC 6750 section 2.1); no other place is looked at.

    Raises ``MissingAccessTokenError`` or ``InvalidAccessTokenError``.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        raise MissingAccessTokenError
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise MissingAccessTokenError
    if len(headers) > 1 or not token:
        raise InvalidAccessTokenError
    return token


async def count_call(request: Request, call: str) -> None:
    """Count the call for its client's address. Raises ``RateLimitExceededError`` above the limit."""
    limiter: RateLimiter = request.app.state.limiter
    seconds = await limiter.count(call, request.app.state.client_of(request.scope))
    if seconds:
        logger.warning("rate_limit.exceeded", outcome="failure", route=request.scope["route"].path)
        raise RateLimitExceededError(seconds)


async def current_user(request: Request) -> User:
    """Return who is asking, and count the call for this user.

    Raises what ``bearer_token`` and ``Sessions.authenticate`` raise, and ``TooManyCallsOfUserError``.
    """
    sessions: Sessions = request.app.state.sessions
    calls: CallsInFlight = request.app.state.calls
    user = (await sessions.authenticate(bearer_token(request))).user
    # Not before: a token of an ended session must not use up what its user may have.
    calls.begin_of_user(request.scope, user.id)
    return user


@asynccontextmanager
async def waiting_client(request: Request) -> AsyncIterator[Client]:
    """Yield the client of a request whose body was read, and notice when it leaves.

    Raises ``ClientDisconnect`` when the work was dropped because it has left.
    """
    leaving = asyncio.create_task(_wait_for_disconnect(request))
    try:
        yield Client(request.app.state.client_of(request.scope), leaving.done)
    except ClientLeftError as error:
        raise ClientDisconnect from error
    finally:
        leaving.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _documented_user(request: Request, _: Annotated[str | None, Depends(_documented_scheme)]) -> User:
    return await current_user(request)


CurrentUser = Annotated[User, Depends(_documented_user)]
