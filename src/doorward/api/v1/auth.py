"""Routes for registration, login, token refresh and logout."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response
from pydantic import BaseModel

from doorward.api.bodies import JSON, JsonBody, JsonReader
from doorward.api.caller import caller_of
from doorward.api.disconnect import watch_disconnect
from doorward.api.exceptions import AccessTokenNotRevocableError, InvalidScopeError, UnsupportedGrantTypeError
from doorward.api.policy import ACCOUNT, PUBLIC, ErrorFormat, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.auth import (
    CallerResponse,
    RefreshTokenRequest,
    RegisterRequest,
    TokenForm,
    TokenPairResponse,
    UserResponse,
    require_account_scope,
)
from doorward.api.schemas.registration_by_mail import RegistrationRequestedResponse
from doorward.api.schemas.standard_forms import RefreshForm, RevocationForm, ScopedPairResponse
from doorward.api.services import CurrentServices, Services, services_of
from doorward.api.standard_forms import (
    REFUSALS_OF_REFRESH_FORM,
    REFUSALS_OF_REVOCATION_FORM,
    RevocationRequest,
    TokenRequest,
)
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import (
    DeletionPendingError,
    EmailNotVerifiedError,
    EmailTakenError,
    InvalidCredentialsError,
    InvalidEmailError,
    InvalidRefreshTokenError,
    InvalidTargetError,
    InvitationRequiredError,
    LoginThrottledError,
    MissingAccessTokenError,
    PasswordChangeRequiredError,
    RegistrationClosedError,
    RegistrationDomainRefusedError,
    ScopeNotGrantedError,
    SecondFactorRequiredError,
    TooManyHashesError,
    UsernameTakenError,
)
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.auth.sessions.grants import FIRST_PARTY, Grant

TAG: Final = "auth"
PREFIX: Final = "/api/v1/auth"
HTTP_HINTS: Final[HttpHints] = {
    MissingAccessTokenError: "Send one: Authorization: Bearer <access_token>.",
    DeletionPendingError: "POST restore_token to /api/v1/auth/deletion/cancel, then log in again.",
    LoginThrottledError: "Try again after the time in Retry-After, with Doorward-Device on a device that has it.",
    PasswordChangeRequiredError: "POST its token with a new password to /api/v1/auth/password/reset. Another mail: "
    "POST /api/v1/auth/password/forgot.",
    EmailNotVerifiedError: "POST its token with the password to /api/v1/auth/email/verify, then log in.",
    SecondFactorRequiredError: "POST mfa_token with the code to /api/v1/auth/second-factor/{method}, of which methods "
    "has the names.",
    TooManyHashesError: "Try again after the time in Retry-After.",
}

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
"""OpenAPI links: calls that use values of the response."""

_REQUESTED: Final = {
    "description": "A mail was sent to the address. Its link or code completes the account, if there is none yet.",
    "content": {JSON: {"schema": RegistrationRequestedResponse.model_json_schema(mode="serialization")}},
}
_REFUSALS_OF_REGISTERING: Final = (
    EmailTakenError,
    UsernameTakenError,
    InvalidEmailError,
    PasswordTooCommonError,
    TooManyHashesError,
    RegistrationClosedError,
    InvitationRequiredError,
    RegistrationDomainRefusedError,
)
_REFUSALS_OF_LOGIN: Final = (
    InvalidCredentialsError,
    DeletionPendingError("dwt_...", "2026-03-15T12:00:00Z"),
    EmailNotVerifiedError,
    PasswordChangeRequiredError,
    SecondFactorRequiredError("dwt_...", ["totp", "recovery-code"]),
    UnsupportedGrantTypeError,
    InvalidScopeError,
    InvalidTargetError,
    ScopeNotGrantedError,
    LoginThrottledError,
    TooManyHashesError,
)
DEVICE_HEADER: Final = "Doorward-Device"
GIVEN_DEVICE: Final = {
    DEVICE_HEADER: {
        "description": "A token that identifies the device. Store it, and send it with later logins.",
        "required": True,
        "schema": {"type": "string"},
        "example": "dwd_...",
    }
}
SOMETIMES_GIVEN_DEVICE: Final = {DEVICE_HEADER: {**GIVEN_DEVICE[DEVICE_HEADER], "required": False}}
"""For calls of which some responses have none, such as that to a refresh."""
_REVOKED_BY_FORM: Final = {
    "description": "The response to a form: the session has ended, if there was one.",
    "content": {JSON: {"schema": {"type": "object", "maxProperties": 0}}},
}
ShownDevice = Annotated[
    str | None,
    Header(
        alias=DEVICE_HEADER,
        description="The value of this header in the response to an earlier login. Invalid values are ignored.",
        examples=["dwd_..."],
    ),
]
_REFRESH_BODY: Final = JsonReader(RefreshTokenRequest)
_NOT_REVOCABLE: Final = (AccessTokenNotRevocableError,)
_JWT_DOTS: Final = 2


def calls() -> Sequence[Call]:
    """Return the routes."""
    of_login: Mapping[int | str, dict[str, Any]] = {200: {"links": _AFTER_A_PAIR, "headers": SOMETIMES_GIVEN_DEVICE}}
    return [
        Call(
            "POST",
            f"{PREFIX}/register",
            register,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.REGISTER),
            tag=TAG,
            status=201,
            answer=UserResponse,
            refusals=_REFUSALS_OF_REGISTERING,
            extra_responses={201: {"links": _AFTER_REGISTERING}, 202: _REQUESTED},
        ),
        Call(
            "POST",
            f"{PREFIX}/token",
            login,
            _token_policy(LimitedCall.TOKEN, of_refresh=LimitedCall.REFRESH),
            tag=TAG,
            refusals=_REFUSALS_OF_LOGIN,
            oauth_refusals=REFUSALS_OF_REFRESH_FORM,
            extra_responses=of_login,
        ),
        Call("GET", f"{PREFIX}/me", read_me, RoutePolicy(ACCOUNT), tag=TAG, is_direct=True, answer=CallerResponse),
        *_calls_of_refresh_tokens(),
    ]


def _calls_of_refresh_tokens() -> Sequence[Call]:
    of_refresh: Mapping[int | str, dict[str, Any]] = {200: {"links": _AFTER_A_PAIR}}
    return [
        Call(
            "POST",
            f"{PREFIX}/refresh",
            refresh,
            _token_policy(LimitedCall.REFRESH),
            tag=TAG,
            is_direct=True,
            body=_REFRESH_BODY,
            answer=TokenPairResponse,
            refusals=(InvalidRefreshTokenError,),
            extra_responses=of_refresh,
        ),
        Call(
            "POST",
            f"{PREFIX}/revoke",
            revoke,
            _token_policy(),
            tag=TAG,
            status=204,
            refusals=_NOT_REVOCABLE,
            oauth_refusals=REFUSALS_OF_REVOCATION_FORM,
            extra_responses={200: _REVOKED_BY_FORM},
        ),
    ]


def _token_policy(limit: LimitedCall | None = None, of_refresh: LimitedCall | None = None) -> RoutePolicy:
    """Return the policy of a token endpoint. Its refusals have the members of RFC 6749 for clients of that standard."""
    return RoutePolicy(PUBLIC, errors=ErrorFormat.OAUTH, limit_of_address=limit, limit_of_refresh=of_refresh)


async def register(
    request: Request, body: JsonBody[RegisterRequest], services: CurrentServices
) -> UserResponse | Response:
    """Create an account; 202 if it must be completed by mail (`POST /api/v1/auth/register/confirm`)."""
    async with watch_disconnect(request) as client:
        if services.registration_requests.is_required:
            token = await services.registration_requests.request(
                email=body.email, username=body.username, password=body.password, client=client
            )
            return _json(RegistrationRequestedResponse(registration_token=token), status=202)
        user = await services.registration.register(
            email=body.email, username=body.username, password=body.password, client=client
        )
    return UserResponse.of(user)


async def login(
    request: Request,
    response: Response,
    form: TokenRequest,
    services: CurrentServices,
    doorward_device: ShownDevice = None,
) -> TokenPairResponse | ScopedPairResponse:
    """Log in with user name or e-mail address and password, and begin a session.

    With `resource` the tokens are for another service that the operator has configured, not for this one. With
    `grant_type=refresh_token` it works like `/api/v1/auth/refresh`, with the error responses of RFC 6749.
    """
    if isinstance(form, RefreshForm):
        return ScopedPairResponse.of(await services.sessions.refresh(form.refresh_token, scopes=form.scopes))
    grant = await _grant_of(form, services)
    async with watch_disconnect(request) as client:
        begun = await services.login.login(
            name=form.username,
            password=form.password,
            client=client,
            user_agent=request.headers.get("user-agent"),
            device_token=doorward_device,
            grant=grant,
        )
    response.headers[DEVICE_HEADER] = begun.device_token
    return TokenPairResponse.of(begun.tokens) if grant.audience is None else ScopedPairResponse.of(begun.tokens)


async def _grant_of(form: TokenForm, services: Services) -> Grant:
    """Return the requested grant of a login. ``resource`` is ignored if the provider is off."""
    if form.resource and services.provider is not None:
        return await services.provider.login_grants.grant_for(form.resource, form.scope)
    require_account_scope(form.scope)
    return FIRST_PARTY


async def read_me(request: Request) -> Response:
    """Return the current user."""
    return _json(CallerResponse.of(caller_of(request).user))


async def refresh(request: Request) -> Response:
    """Exchange the refresh token for the next pair. Each refresh token works once; a second use ends the session."""
    body = await _REFRESH_BODY(request)
    return _json(TokenPairResponse.of(await services_of(request).sessions.refresh(body.refresh_token)))


async def revoke(body: RevocationRequest, services: CurrentServices) -> Response:
    """End the session (log out). Also succeeds for unknown tokens (RFC 7009 section 2.2).

    The form is for clients of RFC 7009: it also takes an access token, and its error responses are those of RFC 6749.
    """
    if isinstance(body, RevocationForm):
        sessions = services.sessions
        end = sessions.revoke_access_token if is_json_web_token(body.token) else sessions.revoke
        await end(body.token)
        return Response(b"{}", media_type=JSON)
    if is_json_web_token(body.refresh_token):
        raise AccessTokenNotRevocableError
    await services.sessions.revoke(body.refresh_token)
    return Response(status_code=204)


def is_json_web_token(token: str) -> bool:
    """Return whether a token has the format of an access token (RFC 7519), which no refresh token has."""
    return token.startswith("eyJ") and token.count(".") == _JWT_DOTS


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, media_type=JSON)
