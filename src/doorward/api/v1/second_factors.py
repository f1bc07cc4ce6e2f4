"""Routes for completing logins with second factors, and for managing them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT, FRESH_ACCOUNT, PUBLIC, ErrorFormat, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.auth import TokenPairResponse
from doorward.api.schemas.second_factors import (
    CompletionRequest,
    ConfirmTotpRequest,
    EnrolledResponse,
    OwnFactorResponse,
    OwnFactorsResponse,
    RecoveryCodeCompletionRequest,
    RecoveryCodesResponse,
    TotpCompletionRequest,
    TotpEnrolmentParameters,
    TotpEnrolmentResponse,
)
from doorward.api.schemas.standard_forms import ScopedPairResponse
from doorward.api.services import CurrentServices, Services
from doorward.api.v1.account import ACCOUNT_PATH
from doorward.api.v1.account import TAG as ACCOUNT_TAG
from doorward.api.v1.auth import DEVICE_HEADER, GIVEN_DEVICE, PREFIX, TAG, ShownDevice
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import (
    EmailNotVerifiedError,
    InvalidOneTimeTokenError,
    InvalidPendingLoginError,
    InvalidSecondFactorError,
    LoginThrottledError,
)
from doorward.domain.auth.factors.exceptions import SecondFactorNeededError
from doorward.domain.auth.factors.shown_factor import ShownFactor
from doorward.domain.auth.login.completion import CompletingClient
from doorward.domain.auth.models import LoggedIn
from doorward.domain.auth.ports import Client
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.mfa.enrolment import TotpEnrolment
from doorward.domain.mfa.exceptions import (
    NoSecondFactorError,
    SecondFactorsUnavailableError,
    TotpExistsError,
    TotpNotFoundError,
)
from doorward.observability.request_context import current_client

COMPLETION_PATH: Final = f"{PREFIX}/second-factor"
FACTORS_PATH: Final = f"{ACCOUNT_PATH}/second-factors"
TOTP_PATH: Final = f"{FACTORS_PATH}/totp"
HTTP_HINTS: Final[HttpHints] = {
    InvalidPendingLoginError: "POST the password to /api/v1/auth/token.",
    TotpExistsError: "DELETE /api/v1/account/second-factors/totp, or replace it: POST with ?replace=true.",
    SecondFactorNeededError: "POST /api/v1/account/second-factors/totp.",
    NoSecondFactorError: "POST /api/v1/account/second-factors/totp.",
}
COMPLETION_POLICY: Final = RoutePolicy(PUBLIC, errors=ErrorFormat.OAUTH, limit_of_address=LimitedCall.SECOND_FACTOR)
_READ: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.FACTORS)
_CHANGE: Final = RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.FACTORS)
REFUSALS_OF_COMPLETION: Final = (InvalidPendingLoginError, InvalidSecondFactorError, LoginThrottledError)
_REFUSALS_OF_ENROLMENT: Final = (SecondFactorsUnavailableError, EmailNotVerifiedError, TotpExistsError)
_WITH_DEVICE: Final[Mapping[int | str, dict[str, Any]]] = {200: {"headers": GIVEN_DEVICE}}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST",
            f"{COMPLETION_PATH}/totp",
            use_totp_code,
            COMPLETION_POLICY,
            tag=TAG,
            refusals=(*REFUSALS_OF_COMPLETION, SecondFactorsUnavailableError),
            extra_responses=_WITH_DEVICE,
        ),
        Call(
            "POST",
            f"{COMPLETION_PATH}/recovery-code",
            use_recovery_code,
            COMPLETION_POLICY,
            tag=TAG,
            refusals=REFUSALS_OF_COMPLETION,
            extra_responses=_WITH_DEVICE,
        ),
        *_account_calls(),
    ]


def _account_calls() -> Sequence[Call]:
    return [
        Call("GET", FACTORS_PATH, list_second_factors, _READ, tag=ACCOUNT_TAG),
        Call("POST", TOTP_PATH, begin_totp, _CHANGE, tag=ACCOUNT_TAG, refusals=_REFUSALS_OF_ENROLMENT),
        Call(
            "POST",
            f"{TOTP_PATH}/confirm",
            confirm_totp,
            _READ,
            tag=ACCOUNT_TAG,
            refusals=(*_REFUSALS_OF_ENROLMENT, InvalidOneTimeTokenError, InvalidSecondFactorError),
            extra_responses=_WITH_DEVICE,
        ),
        Call(
            "DELETE",
            TOTP_PATH,
            delete_totp,
            _CHANGE,
            tag=ACCOUNT_TAG,
            refusals=(SecondFactorsUnavailableError, TotpNotFoundError),
            extra_responses=_WITH_DEVICE,
        ),
        Call(
            "POST",
            f"{FACTORS_PATH}/recovery-codes",
            make_recovery_codes,
            _CHANGE,
            tag=ACCOUNT_TAG,
            refusals=(NoSecondFactorError,),
        ),
    ]


async def use_totp_code(
    request: Request,
    response: Response,
    body: JsonBody[TotpCompletionRequest],
    services: CurrentServices,
    doorward_device: ShownDevice = None,
) -> TokenPairResponse | ScopedPairResponse:
    """Complete a login with the code of an authenticator app, after the password."""
    factor = services.second_factors.shown_codes.totp(body.code)
    return await complete(request, response, body, factor, services, doorward_device)


async def use_recovery_code(
    request: Request,
    response: Response,
    body: JsonBody[RecoveryCodeCompletionRequest],
    services: CurrentServices,
    doorward_device: ShownDevice = None,
) -> TokenPairResponse | ScopedPairResponse:
    """Complete a login with a recovery code, after the password. Each recovery code works once."""
    factor = services.second_factors.shown_codes.recovery_code(body.code)
    return await complete(request, response, body, factor, services, doorward_device)


async def complete(
    request: Request,
    response: Response,
    body: CompletionRequest,
    factor: ShownFactor,
    services: Services,
    device_token: str | None,
) -> TokenPairResponse | ScopedPairResponse:
    """Begin the session of a pending login with a factor of any kind."""
    async with watch_disconnect(request) as client:
        by = CompletingClient(client, _agent(request), device_token, body.remember_device)
        begun = await services.second_factors.completion.complete(body.mfa_token, factor, by)
    response.headers[DEVICE_HEADER] = begun.device_token
    return ScopedPairResponse.of(begun.tokens) if begun.is_for_another_service else TokenPairResponse.of(begun.tokens)


async def list_second_factors(caller: CurrentCaller, services: CurrentServices) -> OwnFactorsResponse:
    """List your second factors, including passkeys, and the number of unused recovery codes."""
    own = await services.second_factors.listing.list(caller)
    return OwnFactorsResponse(
        factors=[OwnFactorResponse.of(factor) for factor in own.factors],
        recovery_codes_left=own.recovery_codes_left,
    )


async def begin_totp(
    caller: CurrentCaller, parameters: Annotated[TotpEnrolmentParameters, Query()], services: CurrentServices
) -> TotpEnrolmentResponse:
    """Get the secret for an authenticator app, after a recent authentication. Nothing is stored until you confirm."""
    enrolment = await enrolment_of(services).begin(caller, replaces=parameters.replace)
    draw = services.second_factors.draw_qr_code
    qr = None if draw is None else await draw(enrolment.uri)
    return TotpEnrolmentResponse(uri=enrolment.uri, qr=qr, secret=enrolment.secret, token=enrolment.token)


async def confirm_totp(
    caller: CurrentCaller,
    request: Request,
    response: Response,
    body: JsonBody[ConfirmTotpRequest],
    services: CurrentServices,
) -> EnrolledResponse:
    """Set up the authenticator app whose code you send. All your sessions end.

    The response has the tokens of a new session and ten recovery codes: do not keep them on the same phone. If another
    app is replaced, its codes are refused, the earlier recovery codes stay valid, and the response has no new ones.
    """
    enrolled = await enrolment_of(services).confirm(
        caller, token=body.token, code=body.code, client=_client(), user_agent=_agent(request)
    )
    return EnrolledResponse.with_codes(_pair(tokens_of(enrolled.session), response), enrolled.recovery_codes)


async def delete_totp(
    caller: CurrentCaller, request: Request, response: Response, services: CurrentServices
) -> TokenPairResponse:
    """Remove the authenticator app, after a recent authentication by a second factor. All your sessions end.

    With the last factor, the recovery codes are removed, too. The response has the tokens of a new session.
    """
    session = await enrolment_of(services).delete(caller, client=_client(), user_agent=_agent(request))
    return _pair(tokens_of(session), response)


async def make_recovery_codes(caller: CurrentCaller, services: CurrentServices) -> RecoveryCodesResponse:
    """Get ten new recovery codes, after a recent authentication by a second factor. The earlier codes are refused."""
    codes = await services.second_factors.recovery_codes.make_again(caller)
    return RecoveryCodesResponse(recovery_codes=list(codes))


def enrolment_of(services: Services) -> TotpEnrolment:
    """Return the use cases of authenticator apps. Raises ``SecondFactorsUnavailableError``."""
    if services.second_factors.enrolment is None:
        raise SecondFactorsUnavailableError
    return services.second_factors.enrolment


def _client() -> Client:
    return Client(current_client())


def _agent(request: Request) -> str | None:
    return request.headers.get("user-agent")


def _pair(session: LoggedIn, response: Response) -> TokenPairResponse:
    response.headers[DEVICE_HEADER] = session.device_token
    return TokenPairResponse.of(session.tokens)
