"""Routes for signing in with passkeys, and for managing the own passkeys."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Response

from doorward.api.account_services import PasskeyServices
from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT, FRESH_ACCOUNT, PUBLIC, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.auth import TokenPairResponse
from doorward.api.schemas.ceremonies import CreationOptionsResponse, RequestOptionsResponse, encoded
from doorward.api.schemas.passkeys import (
    PasskeyAddedResponse,
    PasskeyCompletionRequest,
    PasskeyListResponse,
    PasskeyLoginRequest,
    PasskeyOptionsRequest,
    PasskeyPatch,
    PasskeyRegistrationRequest,
    PasskeyResponse,
)
from doorward.api.schemas.standard_forms import ScopedPairResponse
from doorward.api.services import CurrentServices, passkeys_of
from doorward.api.v1 import account, auth
from doorward.api.v1.auth import DEVICE_HEADER, GIVEN_DEVICE, ShownDevice
from doorward.api.v1.second_factors import COMPLETION_PATH, COMPLETION_POLICY, REFUSALS_OF_COMPLETION, complete
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import (
    DeletionPendingError,
    EmailNotVerifiedError,
    InvalidPendingLoginError,
    PasswordChangeRequiredError,
)
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.passkeys.exceptions import (
    InvalidPasskeyError,
    InvalidPasskeyNameError,
    PasskeyExistsError,
    PasskeyNotFoundError,
    PasskeyRegistrationRefusedError,
    PasskeysNotConfiguredError,
    TooManyPasskeysError,
    UnknownPasskeyError,
)

LOGIN: Final = f"{auth.PREFIX}/passkeys"
LIST: Final = f"{account.ACCOUNT_PATH}/passkeys"
PROOF: Final = f"{account.ACCOUNT_PATH}/reauthenticate"
PASSKEY: Final = f"{LIST}/{{passkey_id:uuid}}"
LOGIN_POLICY: Final = RoutePolicy(PUBLIC, limit_of_address=LimitedCall.PASSKEY_LOGIN)
OWN_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.PASSKEYS)
CHANGE_POLICY: Final = RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.PASSKEYS)
"""Also for changes of names: a thief who swapped them could make the owner remove the wrong passkey."""
HTTP_HINTS: Final[HttpHints] = {
    PasskeyRegistrationRefusedError: f"Begin with new options: POST {LIST}/options.",
    PasskeyNotFoundError: f"List them: GET {LIST}.",
}

_OFF: Final = (PasskeysNotConfiguredError,)
_REFUSALS_OF_LOGIN: Final = (
    *_OFF,
    InvalidPasskeyError,
    UnknownPasskeyError,
    DeletionPendingError("dwt_...", "2026-03-15T12:00:00Z"),
    EmailNotVerifiedError,
    PasswordChangeRequiredError,
)
_REFUSALS_OF_OPTIONS: Final = (*_OFF, EmailNotVerifiedError, TooManyPasskeysError)
_REFUSALS_OF_REGISTRATION: Final = (
    *_REFUSALS_OF_OPTIONS,
    PasskeyRegistrationRefusedError,
    PasskeyExistsError,
    InvalidPasskeyNameError,
)
_REFUSALS_OF_ONE: Final = (*_OFF, PasskeyNotFoundError)


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST",
            f"{LOGIN}/options",
            passkey_login_options,
            LOGIN_POLICY,
            tag=auth.TAG,
            refusals=(*_OFF, InvalidPendingLoginError),
        ),
        Call(
            "POST",
            f"{LOGIN}/token",
            passkey_login,
            LOGIN_POLICY,
            tag=auth.TAG,
            refusals=_REFUSALS_OF_LOGIN,
            extra_responses={200: {"headers": GIVEN_DEVICE}},
        ),
        Call(
            "POST",
            f"{COMPLETION_PATH}/passkey",
            complete_login_by_passkey,
            COMPLETION_POLICY,
            tag=auth.TAG,
            refusals=(*_OFF, *REFUSALS_OF_COMPLETION),
            extra_responses={200: {"headers": GIVEN_DEVICE}},
        ),
        *_own_calls(),
    ]


def _own_calls() -> Sequence[Call]:
    return [
        Call("POST", f"{PROOF}/options", passkey_proof_options, OWN_POLICY, tag=account.TAG, refusals=_OFF),
        Call("GET", LIST, list_passkeys, OWN_POLICY, tag=account.TAG, refusals=_OFF),
        Call(
            "POST",
            f"{LIST}/options",
            passkey_registration_options,
            CHANGE_POLICY,
            tag=account.TAG,
            refusals=_REFUSALS_OF_OPTIONS,
        ),
        Call(
            "POST",
            LIST,
            register_passkey,
            CHANGE_POLICY,
            tag=account.TAG,
            status=201,
            refusals=_REFUSALS_OF_REGISTRATION,
            extra_responses={201: {"headers": GIVEN_DEVICE}},
        ),
        *_calls_of_one(),
    ]


def _calls_of_one() -> Sequence[Call]:
    return [
        Call(
            "PATCH",
            PASSKEY,
            update_passkey,
            CHANGE_POLICY,
            tag=account.TAG,
            refusals=(*_REFUSALS_OF_ONE, InvalidPasskeyNameError),
        ),
        Call(
            "DELETE",
            PASSKEY,
            delete_passkey,
            CHANGE_POLICY,
            tag=account.TAG,
            refusals=_REFUSALS_OF_ONE,
            extra_responses={200: {"headers": GIVEN_DEVICE}},
        ),
    ]


async def configured_passkeys(services: CurrentServices) -> PasskeyServices:
    """Return the use cases of passkeys. Raises ``PasskeysNotConfiguredError``."""
    return passkeys_of(services)


CurrentPasskeys = Annotated[PasskeyServices, Depends(configured_passkeys)]


async def passkey_login_options(
    body: JsonBody[PasskeyOptionsRequest], passkeys: CurrentPasskeys
) -> RequestOptionsResponse:
    """Get the WebAuthn options for signing in with a passkey, or for using one after the password (`mfa_token`)."""
    if body.mfa_token is not None:
        return RequestOptionsResponse.of(await passkeys.factors.options_of_login(body.mfa_token))
    return RequestOptionsResponse.of(passkeys.login.options())


async def passkey_login(
    request: Request,
    response: Response,
    body: JsonBody[PasskeyLoginRequest],
    passkeys: CurrentPasskeys,
    doorward_device: ShownDevice = None,
) -> TokenPairResponse:
    """Sign in with a passkey alone, and begin a session. The authenticator must have verified the user."""
    async with watch_disconnect(request) as client:
        begun = await passkeys.login.login(
            body.credential.decoded(),
            client=client,
            user_agent=request.headers.get("user-agent"),
            device_token=doorward_device,
        )
    response.headers[DEVICE_HEADER] = begun.device_token
    return TokenPairResponse.of(begun.tokens)


async def complete_login_by_passkey(
    request: Request,
    response: Response,
    body: JsonBody[PasskeyCompletionRequest],
    passkeys: CurrentPasskeys,
    services: CurrentServices,
    doorward_device: ShownDevice = None,
) -> TokenPairResponse | ScopedPairResponse:
    """Complete a login with a passkey after the password. The authenticator need not have verified the user."""
    factor = passkeys.factors.shown_in_login(body.mfa_token, body.credential.decoded())
    return await complete(request, response, body, factor, services, doorward_device)


async def list_passkeys(caller: CurrentCaller, passkeys: CurrentPasskeys) -> PasskeyListResponse:
    """List your passkeys."""
    own = await passkeys.management.list(caller)
    return PasskeyListResponse(
        passkeys=[PasskeyResponse.of(each) for each in own.passkeys],
        relying_party_id=own.relying_party.id,
        user_handle=encoded(own.user_handle),
    )


async def passkey_proof_options(caller: CurrentCaller, passkeys: CurrentPasskeys) -> RequestOptionsResponse:
    """Get the WebAuthn options for reauthenticating with a passkey (`POST /api/v1/account/reauthenticate`)."""
    return RequestOptionsResponse.of(await passkeys.factors.options_of_session(caller))


async def passkey_registration_options(caller: CurrentCaller, passkeys: CurrentPasskeys) -> CreationOptionsResponse:
    """Get the WebAuthn options for creating a passkey, after a recent authentication."""
    return CreationOptionsResponse.of(await passkeys.registration.options(caller))


async def register_passkey(
    caller: CurrentCaller,
    request: Request,
    response: Response,
    body: JsonBody[PasskeyRegistrationRequest],
    passkeys: CurrentPasskeys,
) -> PasskeyAddedResponse:
    """Register the passkey that your browser created. All your sessions end; the response has the tokens of a new one.

    From then on the password alone is not enough to sign in: the passkey is also a second factor. For the first
    factor of the account, the response has ten recovery codes.
    """
    async with watch_disconnect(request) as client:
        added = await passkeys.registration.register(
            caller,
            body.credential.decoded(),
            body.name,
            client=client,
            user_agent=request.headers.get("user-agent"),
        )
    login = tokens_of(added.login)
    response.headers[DEVICE_HEADER] = login.device_token
    return PasskeyAddedResponse.with_passkey(login.tokens, added.passkey, added.recovery_codes)


async def update_passkey(
    passkey_id: UUID, caller: CurrentCaller, body: MergePatchBody[PasskeyPatch], passkeys: CurrentPasskeys
) -> PasskeyResponse:
    """Rename one of your passkeys (RFC 7396)."""
    name = body.name if "name" in body.model_fields_set else None
    return PasskeyResponse.of(await passkeys.management.update(caller, passkey_id, name))


async def delete_passkey(
    passkey_id: UUID, caller: CurrentCaller, request: Request, response: Response, passkeys: CurrentPasskeys
) -> TokenPairResponse:
    """Delete one of your passkeys. All your sessions end; the response has the tokens of a new one."""
    async with watch_disconnect(request) as client:
        removed = await passkeys.management.delete(
            caller, passkey_id, client=client, user_agent=request.headers.get("user-agent")
        )
    begun = tokens_of(removed)
    response.headers[DEVICE_HEADER] = begun.device_token
    return TokenPairResponse.of(begun.tokens)
