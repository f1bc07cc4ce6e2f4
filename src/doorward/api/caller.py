"""Authentication of API callers: the access token, its session, and the scope that the route requires."""

import functools
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from doorward.api.exceptions import InsufficientScopeError
from doorward.api.key_proofs import SCHEME, presented_proof
from doorward.api.policy import NeedsFreshProof, NeedsScope
from doorward.api.services import Services
from doorward.domain.auth.callers import AnyCaller, Caller
from doorward.domain.auth.exceptions import InvalidAccessTokenError, MissingAccessTokenError, OwnerRequiredError
from doorward.domain.auth.models import ACCOUNT_SCOPE
from doorward.domain.auth.scopes import ADMIN_SCOPES

_CALLER: Final = "doorward.caller"
_WHITE_SPACE: Final = " \t"


def bearer_token(request: Request) -> str:
    """Return the bearer token (RFC 6750). Raises what ``presented_token`` raises."""
    return presented_token(request, "bearer")[1]


def presented_token(request: Request, *schemes: str) -> tuple[str, str]:
    """Return the scheme and the token of the Authorization field (RFC 6750 section 2.1), the only accepted place.

    The returned scheme is one of ``schemes``, in lower case. Any number of spaces may separate it from the token (RFC
    9110 section 11.4), with white space around both. Raises ``MissingAccessTokenError`` or ``InvalidAccessTokenError``.
    """
    headers: list[bytes] = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if not headers:
        raise MissingAccessTokenError
    scheme, _, token = headers[0].decode("latin-1").strip(_WHITE_SPACE).partition(" ")
    scheme = scheme.lower()
    if scheme not in schemes:
        raise MissingAccessTokenError
    token = token.strip(_WHITE_SPACE)
    if len(headers) > 1 or not token:
        raise InvalidAccessTokenError
    return scheme, token


async def admit_caller(request: Request, access: NeedsScope, services: Services) -> None:
    """Authenticate and authorize the caller of a route that is not public, before the body is read.

    Where the provider is on, key-bound tokens use the scheme DPoP (RFC 9449 section 7.1).
    Raises what ``presented_token`` and ``Authentication.authenticate`` raise, ``InsufficientScopeError``,
    ``ReauthenticationRequiredError``, ``SecondFactorNeededError`` and ``TooManyCallsOfUserError``.
    """
    count_call = functools.partial(services.edge.calls.begin_for_caller, request.scope)
    if services.provider is None:
        caller = await services.authentication.authenticate(bearer_token(request), count_call)
    else:
        scheme, token = presented_token(request, "bearer", SCHEME.lower())
        proof = None if scheme == "bearer" else presented_proof(request, services.provider.issuer)
        caller = await services.authentication.authenticate(token, count_call, proof)
    require_access(caller, access, services)
    request.scope[_CALLER] = caller


def require_access(caller: AnyCaller, access: NeedsScope, services: Services) -> None:
    """Check the caller's scopes, second factor and fresh authentication, for API and pages alike.

    Raises ``InsufficientScopeError``, ``SecondFactorNeededError`` and ``ReauthenticationRequiredError``.
    """
    if access.scope not in caller.scopes:
        raise InsufficientScopeError(access.scope)
    if services.edge.admin_requires_second_factor and access.scope in ADMIN_SCOPES:
        services.own_account.reauthentication.require_second_factor(caller)
    if isinstance(access, NeedsFreshProof):
        if not isinstance(caller, Caller):
            raise InsufficientScopeError(access.scope)
        services.own_account.reauthentication.require_fresh_proof(caller)


async def optional_caller(request: Request) -> Caller | None:
    """Return the caller, or None if no access token was sent, as a FastAPI dependency.

    Only routes with ``OptionalScope`` may have it: ``PolicyRoute`` raises ``RouteError`` at startup for any other.
    """
    return caller_of(request) if _CALLER in request.scope else None


def any_caller_of(request: Request) -> AnyCaller:
    """Return the authenticated caller. Only routes whose policy needs a scope have one."""
    caller: AnyCaller = request.scope[_CALLER]
    return caller


def caller_of(request: Request) -> Caller:
    """Return the authenticated user with a session.

    Raises ``InsufficientScopeError`` for callers of other kinds, which never have ``account`` or an admin scope.
    """
    caller = any_caller_of(request)
    if not isinstance(caller, Caller):
        raise InsufficientScopeError(ACCOUNT_SCOPE)
    return caller


async def current_caller(request: Request) -> Caller:
    """Return the user with a session, as a FastAPI dependency. Only routes that need a scope may have it."""
    return caller_of(request)


async def current_any_caller(request: Request) -> AnyCaller:
    """Return a caller of any kind, as a FastAPI dependency. Only routes that need a scope may have it."""
    return any_caller_of(request)


async def current_owner(caller: Annotated[AnyCaller, Depends(current_any_caller)]) -> UUID:
    """Return the id of the user who will own the written data. Raises ``OwnerRequiredError``."""
    if caller.user_id is None:
        raise OwnerRequiredError
    return caller.user_id


OptionalCaller = Annotated[Caller | None, Depends(optional_caller)]
CurrentCaller = Annotated[Caller, Depends(current_caller)]
CurrentAnyCaller = Annotated[AnyCaller, Depends(current_any_caller)]
CurrentOwner = Annotated[UUID, Depends(current_owner)]
