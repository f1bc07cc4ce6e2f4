"""Routes for the signed-in user's own account."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.conditional import change_precondition, entity_tag, read_precondition
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT, FRESH_ACCOUNT, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.account import (
    AccountPatch,
    AccountResponse,
    EndSessionsRequest,
    FactorResponse,
    PasswordChangeRequest,
    ReauthenticationRequest,
    SessionListResponse,
    SessionResponse,
)
from doorward.api.schemas.auth import TokenPairResponse
from doorward.api.services import CurrentServices, Services, passkeys_of
from doorward.api.v1.auth import DEVICE_HEADER, GIVEN_DEVICE, SOMETIMES_GIVEN_DEVICE
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.exceptions import StaleAccountError
from doorward.domain.accounts.models import Profile
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import (
    InvalidSecondFactorError,
    InvalidUsernameError,
    LoginThrottledError,
    ReauthenticationRequiredError,
    SessionNotFoundError,
    TooManyHashesError,
    UsernameReservedError,
    UsernameTakenError,
    WrongPasswordError,
)
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.auth.sessions.continuation import tokens_of

TAG: Final = "account"
ACCOUNT_PATH: Final = "/api/v1/account"
SESSIONS_PATH: Final = f"{ACCOUNT_PATH}/sessions"
END_PATH: Final = f"{SESSIONS_PATH}/end"
SESSION_PATH: Final = f"{SESSIONS_PATH}/{{session_id:uuid}}"
CHANGE_POLICY: Final = RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.ACCOUNT)
PASSWORD_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.PASSWORD)
PROOF_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.REAUTHENTICATE)
SESSIONS_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.SESSIONS)
HTTP_HINTS: Final[HttpHints] = {
    StaleAccountError: "Read it again and repeat the call with its new ETag.",
    ReauthenticationRequiredError: "POST it to /api/v1/account/reauthenticate, then repeat the call with the new "
    "access token.",
    SessionNotFoundError: "List them: GET /api/v1/account/sessions.",
}

_REFUSALS_OF_NAMES: Final = (UsernameTakenError, StaleAccountError, InvalidUsernameError, UsernameReservedError)
_REFUSALS_OF_ENDS: Final = (SessionNotFoundError,)
_REFUSALS_OF_PASSWORDS: Final = (WrongPasswordError, LoginThrottledError, TooManyHashesError)

_ANSWERS_OF_ENDS: Final[Mapping[int | str, dict[str, Any]]] = {204: {"headers": SOMETIMES_GIVEN_DEVICE}}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "GET",
            ACCOUNT_PATH,
            get_account,
            RoutePolicy(ACCOUNT),
            tag=TAG,
            answer=AccountResponse,
            refusals=(StaleAccountError,),
        ),
        Call("PATCH", ACCOUNT_PATH, update_account, CHANGE_POLICY, tag=TAG, refusals=_REFUSALS_OF_NAMES),
        Call(
            "POST",
            f"{ACCOUNT_PATH}/password",
            change_password,
            PASSWORD_POLICY,
            tag=TAG,
            refusals=(*_REFUSALS_OF_PASSWORDS, PasswordTooCommonError),
            extra_responses={200: {"headers": GIVEN_DEVICE}},
        ),
        Call(
            "POST",
            f"{ACCOUNT_PATH}/reauthenticate",
            reauthenticate,
            PROOF_POLICY,
            tag=TAG,
            refusals=(*_REFUSALS_OF_PASSWORDS, InvalidSecondFactorError),
        ),
        Call("GET", SESSIONS_PATH, list_sessions, SESSIONS_POLICY, tag=TAG),
        Call("POST", END_PATH, end_sessions, SESSIONS_POLICY, tag=TAG, status=204, extra_responses=_ANSWERS_OF_ENDS),
        Call("DELETE", SESSION_PATH, end_session, SESSIONS_POLICY, tag=TAG, status=204, refusals=_REFUSALS_OF_ENDS),
    ]


async def get_account(
    caller: CurrentCaller, services: CurrentServices, request: Request, response: Response
) -> AccountResponse:
    """Read your account; 412 if If-Match does not contain its version.

    If-None-Match is ignored: the previous login depends on the session, and a pending address expires without a change.
    """
    profile = await services.own_account.profiles.get(caller, read_precondition(request))
    return await _account_response(profile, caller, services, response)


async def update_account(
    caller: CurrentCaller,
    body: MergePatchBody[AccountPatch],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> AccountResponse:
    """Change your user name (RFC 7396), after a recent authentication. With If-Match only at that version."""
    username = body.username if "username" in body.model_fields_set else None
    profile = await services.own_account.profiles.update(caller, username, change_precondition(request))
    return await _account_response(profile, caller, services, response)


async def change_password(
    caller: CurrentCaller,
    request: Request,
    response: Response,
    body: JsonBody[PasswordChangeRequest],
    services: CurrentServices,
) -> TokenPairResponse:
    """Replace your password. All your sessions end; the response has the tokens of a new session and its device."""
    async with watch_disconnect(request) as client:
        changed = await services.own_account.password_change.change(
            caller,
            current_password=body.current_password,
            new_password=body.new_password,
            client=client,
            user_agent=request.headers.get("user-agent"),
        )
    begun = tokens_of(changed)
    response.headers[DEVICE_HEADER] = begun.device_token
    return TokenPairResponse.of(begun.tokens)


async def reauthenticate(
    caller: CurrentCaller, request: Request, body: JsonBody[ReauthenticationRequest], services: CurrentServices
) -> TokenPairResponse:
    """Reauthenticate by password or second factor, for calls that need a recent authentication.

    The earlier tokens of the session become invalid. An account with a second factor must use it.
    """
    reauthentication = services.own_account.reauthentication
    if body.code is not None:
        factor = services.second_factors.shown_codes.of(body.code)
        return TokenPairResponse.of(await reauthentication.reauthenticate_by_factor(caller, factor))
    if body.credential is not None:
        shown = passkeys_of(services).factors.shown_in_session(caller, body.credential.decoded())
        return TokenPairResponse.of(await reauthentication.reauthenticate_by_factor(caller, shown))
    async with watch_disconnect(request) as client:
        pair = await reauthentication.reauthenticate(caller, body.password or "", client=client)
    return TokenPairResponse.of(pair)


async def list_sessions(caller: CurrentCaller, services: CurrentServices) -> SessionListResponse:
    """List your live sessions, the current one first."""
    sessions = [
        SessionResponse(
            id=session.id,
            current=session.id == caller.session_id,
            user_agent=session.user_agent,
            address=session.address,
            created_at=session.created_at,
            refreshed_at=session.refreshed_at,
            amr=list(session.amr),
        )
        for session in await services.own_account.session_listing.list(caller)
    ]
    return SessionListResponse(sessions=sessions)


async def end_sessions(
    caller: CurrentCaller, response: Response, body: JsonBody[EndSessionsRequest], services: CurrentServices
) -> None:
    """End all your other sessions, or all. Their tokens are refused from the next request on.

    Known devices are forgotten. If the current session continues, the response has a new token of its device.
    """
    if body.which == "all":
        await services.own_account.session_ending.end_all(caller)
    else:
        response.headers[DEVICE_HEADER] = await services.own_account.session_ending.end_others(caller)


async def end_session(session_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """End one of your sessions, or the current one. Its tokens are refused from the next request on."""
    await services.own_account.session_ending.end(caller, session_id)


async def _account_response(
    profile: Profile, caller: Caller, services: Services, response: Response
) -> AccountResponse:
    response.headers["ETag"] = entity_tag(profile.version)
    factors = (await services.second_factors.listing.list(caller)).factors
    return AccountResponse(
        id=profile.id,
        email=profile.email,
        email_verified=profile.email_verified_at is not None,
        email_bounced_at=profile.email_bounced_at,
        username=profile.username,
        created_at=profile.created_at,
        factors=[FactorResponse(id=factor.id, kind=factor.kind) for factor in factors],
        previous_login=profile.previous_login,
        pending_email=profile.pending_email,
    )
