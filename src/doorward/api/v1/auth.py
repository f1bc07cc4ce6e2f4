"""Accounts and sessions over HTTP: a body in, one use case, a body out."""

from typing import Annotated

from fastapi import Depends, Request

from doorward.api.bodies import token_form
from doorward.api.dependencies import CurrentUser, LoginUseCase, RegistrationUseCase, SessionsUseCase
from doorward.api.schemas.auth import RefreshTokenRequest, RegisterRequest, TokenForm, TokenPairResponse, UserResponse
from doorward.domain.auth.models import TokenPair, User


async def register(request: Request, body: RegisterRequest, registration: RegistrationUseCase) -> UserResponse:
    """Make an account."""
    user = await registration.register(email=body.email, username=body.username, password=body.password)
    return _user_response(user)


async def issue_token(
    request: Request, form: Annotated[TokenForm, Depends(token_form)], login: LoginUseCase
) -> TokenPairResponse:
    """Log in with user name or e-mail address and password, and begin a session."""
    return _pair_response(await login.login(name=form.username, password=form.password))


async def read_me(user: CurrentUser) -> UserResponse:
    """Tell who is asking."""
    return _user_response(user)


async def refresh_token(request: Request, body: RefreshTokenRequest, sessions: SessionsUseCase) -> TokenPairResponse:
    """Exchange the session's refresh token for the next pair. Each works once; a second use ends the session."""
    return _pair_response(await sessions.refresh(body.refresh_token))


async def revoke_token(body: RefreshTokenRequest, sessions: SessionsUseCase) -> None:
    """End the session (log out). Succeeds for unknown tokens, too (RFC 7009 section 2.2)."""
    await sessions.revoke(body.refresh_token)


def _user_response(user: User) -> UserResponse:
    return UserResponse(id=user.id, email=user.email, username=user.username, is_active=user.is_active)


def _pair_response(pair: TokenPair) -> TokenPairResponse:
    return TokenPairResponse(
        access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in
    )
