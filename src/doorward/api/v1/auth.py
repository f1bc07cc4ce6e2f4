"""Accounts and sessions over HTTP: a body in, one use case, a body out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from slowapi import Limiter

from doorward.api.bodies import FORM, documented_body, json_body, token_form
from doorward.api.dependencies import CurrentUser, SessionsUseCase, use_case
from doorward.api.problems import documented_problems
from doorward.api.schemas.auth import RefreshTokenRequest, RegisterRequest, TokenForm, TokenPairResponse, UserResponse
from doorward.core.config import Settings
from doorward.domain.auth.login import Login
from doorward.domain.auth.models import TokenPair, User
from doorward.domain.auth.registration import Registration

RegistrationUseCase = Annotated[Registration, use_case("registration")]
LoginUseCase = Annotated[Login, use_case("login")]

_AFTER_REGISTERING: Final = {
    "login": {
        "description": "The new account can log in.",
        "operationRef": "#/paths/~1api~1v1~1auth~1token/post",
        "requestBody": {"username": "$request.body#/username", "password": "$request.body#/password"},
    }
}
_AFTER_A_PAIR: Final = {
    name: {
        "description": description,
        "operationRef": f"#/paths/~1api~1v1~1auth~1{name}/post",
        "requestBody": {"refresh_token": "$response.body#/refresh_token"},
    }
    for name, description in [
        ("refresh", "The refresh token is exchanged for the next pair."),
        ("revoke", "The refresh token ends the session."),
    ]
}
"""OpenAPI links: what can be done with an answer."""


def create_router(settings: Settings, limiter: Limiter) -> APIRouter:
    """Return the calls, each with its limit for one client address and the statuses it can answer."""
    router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
    router.add_api_route(
        "/register",
        limiter.limit(settings.rate_limit_register)(register),
        methods=["POST"],
        status_code=201,
        dependencies=[Depends(json_body)],
        responses={**documented_problems(409, 413, 415, 422, 429, 503), 201: {"links": _AFTER_REGISTERING}},
    )
    router.add_api_route(
        "/token",
        limiter.limit(settings.rate_limit_token)(issue_token),
        methods=["POST"],
        openapi_extra=documented_body(FORM, TokenForm.model_json_schema()),
        responses={**documented_problems(401, 413, 415, 422, 429, 503), 200: {"links": _AFTER_A_PAIR}},
    )
    router.add_api_route("/me", read_me, methods=["GET"], responses=documented_problems(401, 413, 503))
    router.add_api_route(
        "/refresh",
        limiter.limit(settings.rate_limit_refresh)(refresh_token),
        methods=["POST"],
        dependencies=[Depends(json_body)],
        responses={**documented_problems(401, 413, 415, 422, 429, 503), 200: {"links": _AFTER_A_PAIR}},
    )
    router.add_api_route(
        "/revoke",
        revoke_token,
        methods=["POST"],
        status_code=204,
        dependencies=[Depends(json_body)],
        responses=documented_problems(413, 415, 422, 503),
    )
    return router


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
