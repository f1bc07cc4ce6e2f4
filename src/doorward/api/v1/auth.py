"""Accounts and sessions over HTTP: a body in, one use case, a body out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from doorward.api.bodies import FORM, JSON, documented_body, json_body, json_model, token_form
from doorward.api.dependencies import SIGNED_IN, SessionsUseCase, count_call, current_user, use_case, waiting_client
from doorward.api.direct_calls import model_response
from doorward.api.problems import documented_problems
from doorward.api.schemas.auth import RefreshTokenRequest, RegisterRequest, TokenForm, TokenPairResponse, UserResponse
from doorward.domain.auth.login import Login
from doorward.domain.auth.models import TokenPair, User
from doorward.domain.auth.registration import Registration
from doorward.domain.auth.sessions import Sessions

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


def create_router() -> APIRouter:
    """Return the calls, each with the statuses it can answer."""
    router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
    _add_accounts(router)
    _add_sessions(router)
    return router


def _add_accounts(router: APIRouter) -> None:
    router.add_api_route(
        "/register",
        register,
        methods=["POST"],
        status_code=201,
        openapi_extra=documented_body(JSON, RegisterRequest.model_json_schema()),
        responses={**documented_problems(409, 413, 415, 422, 429, 503), 201: {"links": _AFTER_REGISTERING}},
    )
    router.add_api_route(
        "/me",
        read_me,
        methods=["GET"],
        response_model=UserResponse,
        openapi_extra=SIGNED_IN,
        responses=documented_problems(401, 413, 429, 503),
    )


def _add_sessions(router: APIRouter) -> None:
    router.add_api_route(
        "/token",
        issue_token,
        methods=["POST"],
        openapi_extra=documented_body(FORM, TokenForm.model_json_schema()),
        responses={**documented_problems(401, 413, 415, 422, 429, 503), 200: {"links": _AFTER_A_PAIR}},
    )
    router.add_api_route(
        "/refresh",
        refresh_token,
        methods=["POST"],
        response_model=TokenPairResponse,
        openapi_extra=documented_body(JSON, RefreshTokenRequest.model_json_schema()),
        responses={**documented_problems(401, 413, 415, 422, 429, 503), 200: {"links": _AFTER_A_PAIR}},
    )
    router.add_api_route(
        "/revoke",
        revoke_token,
        methods=["POST"],
        status_code=204,
        openapi_extra=documented_body(JSON, RefreshTokenRequest.model_json_schema()),
        responses=documented_problems(413, 415, 422, 429, 503),
    )


async def register(
    request: Request,
    body: Annotated[RegisterRequest, json_body(RegisterRequest)],
    registration: RegistrationUseCase,
) -> UserResponse:
    """Make an account."""
    await count_call(request, "register")
    async with waiting_client(request) as client:
        user = await registration.register(
            email=body.email, username=body.username, password=body.password, client=client
        )
    return _user_response(user)


async def issue_token(
    request: Request, form: Annotated[TokenForm, Depends(token_form)], login: LoginUseCase
) -> TokenPairResponse:
    """Log in with user name or e-mail address and password, and begin a session."""
    await count_call(request, "token")
    async with waiting_client(request) as client:
        return _pair_response(await login.login(name=form.username, password=form.password, client=client))


async def read_me(request: Request) -> Response:
    """Tell who is asking."""
    return model_response(_user_response(await current_user(request)))


async def refresh_token(request: Request) -> Response:
    """Exchange the session's refresh token for the next pair. Each works once; a second use ends the session."""
    body = await json_model(request, RefreshTokenRequest)
    await count_call(request, "refresh")
    sessions: Sessions = request.app.state.sessions
    return model_response(_pair_response(await sessions.refresh(body.refresh_token)))


async def revoke_token(
    body: Annotated[RefreshTokenRequest, json_body(RefreshTokenRequest)], sessions: SessionsUseCase
) -> None:
    """End the session (log out). Succeeds for unknown tokens, too (RFC 7009 section 2.2)."""
    await sessions.revoke(body.refresh_token)


def _user_response(user: User) -> UserResponse:
    return UserResponse(id=user.id, email=user.email, username=user.username, is_active=user.is_active)


def _pair_response(pair: TokenPair) -> TokenPairResponse:
    return TokenPairResponse(
        access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in
    )
