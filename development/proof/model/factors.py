"""The users' actions with second factors in the walks: the use cases, without HTTP."""

from typing import Any, Final, TypeVar
from uuid import UUID

from fastapi import FastAPI

from development.callers import caller_of
from development.proof.model.answers import answered, at_once
from doorward.api.account_services import PasskeyServices
from doorward.api.schemas.ceremonies import CreationOptionsResponse, RequestOptionsResponse
from doorward.api.schemas.passkeys import PasskeyLoginRequest, PasskeyRegistrationRequest
from doorward.api.services import Services
from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import SecondFactorRequiredError
from doorward.domain.auth.factors.shown_factor import ShownFactor
from doorward.domain.auth.login.completion import CompletingClient
from doorward.domain.auth.models import LoggedIn, TokenPair
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.domain.mfa.models import Enrolled, Enrolment
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.passkeys.registration import AddedPasskey
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE
from doorward.settings.config import Settings
from doorward.wiring.auth import create_signer, lifetimes_of
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.passkeys import create_passkeys

T = TypeVar("T")
ORIGIN: Final = "http://localhost:8000"
PASSKEYS: Final = {"public_url": ORIGIN}
"""Settings that enable passkeys."""

Json = dict[str, Any]


def create_passkeys_of_walks(settings: Settings, app: FastAPI, services: Services, clock: Clock) -> PasskeyServices:
    """Return the passkey use cases, with settings that have an address, on the database and clock of the walks."""
    lifetimes, codec = lifetimes_of(settings), RefreshTokenCodec(*keys(settings.keys, REFRESH_TOKEN_PURPOSE))
    issuer = TokenPairIssuer(signer=create_signer(settings, lifetimes, None), codec=codec, lifetimes=lifetimes)
    base = Foundation(settings, app.state.database, app.state.hasher, clock, MailQueue(None))
    passkeys = create_passkeys(base, issuer, services.second_factors.recovery_codes)
    if passkeys is None:
        raise RuntimeError("passkeys are not installed")
    return passkeys


class Factors:
    """The calls. None stands for any refusal."""

    def __init__(self, services: Services, passkeys: PasskeyServices) -> None:
        """Take the parts of the service."""
        if services.second_factors.enrolment is None:
            raise RuntimeError("second factors are not installed")
        self._services, self._passkeys = services, passkeys
        self._enrolment, self._factors = services.second_factors.enrolment, services.second_factors
        self._reauthentication = services.own_account.reauthentication

    async def log_in(self, name: str, password: str, device: str | None = None) -> LoggedIn | str | None:
        """Return the session, the token of a login that needs a second factor, or None for a refusal."""
        try:
            return await self._services.login.login(name=name, password=password, device_token=device)
        except SecondFactorRequiredError as asked:
            return str(asked.members["mfa_token"])
        except DomainError:
            return None

    async def begin(self, access: str) -> Enrolment | None:
        """Return the secret of a new application."""
        return await answered(self._in_session(access, self._enrolment.begin))

    async def confirm_at_once(self, access: str, token: str, code: str, callers: int) -> list[Enrolled]:
        """Confirm an application with concurrent calls; return the results of those that succeeded."""

        async def confirm(caller: Caller) -> Enrolled:
            return await self._enrolment.confirm(caller, token=token, code=code)

        return await at_once([self._in_session(access, confirm) for _ in range(callers)])

    async def remove(self, access: str) -> LoggedIn | None:
        """Remove the application."""
        return await answered(self._in_session(access, self._enrolment.delete))

    async def make_codes(self, access: str) -> list[str] | None:
        """Return new recovery codes."""
        return await answered(self._in_session(access, self._factors.recovery_codes.make_again))

    def typed(self, code: str) -> ShownFactor:
        """Return the factor of an entered code: of the application, or a recovery code."""
        return self._factors.shown_codes.of(code)

    async def options_of_login(self, mfa_token: str | None) -> Json | None:
        """Return the options for a browser to sign in, or to complete a login."""
        if mfa_token is None:
            return as_json(RequestOptionsResponse.of(self._passkeys.login.options()))
        options = await answered(self._passkeys.factors.options_of_login(mfa_token))
        return None if options is None else as_json(RequestOptionsResponse.of(options))

    async def options_of_session(self, access: str) -> Json | None:
        """Return the options for a browser to reauthenticate."""
        options = await answered(self._in_session(access, self._passkeys.factors.options_of_session))
        return None if options is None else as_json(RequestOptionsResponse.of(options))

    def signed_in_login(self, mfa_token: str, credential: Json) -> ShownFactor:
        """Return the factor of a signature that completes a login."""
        response = PasskeyLoginRequest.model_validate({"credential": credential}).credential.decoded()
        return self._passkeys.factors.shown_in_login(mfa_token, response)

    async def signed_in_session(self, access: str, credential: Json) -> ShownFactor | None:
        """Return the factor of a signature in a session, or None if the session has ended."""
        response = PasskeyLoginRequest.model_validate({"credential": credential}).credential.decoded()

        async def show(caller: Caller) -> ShownFactor:
            return self._passkeys.factors.shown_in_session(caller, response)

        return await answered(self._in_session(access, show))

    async def complete_at_once(
        self, mfa_tokens: list[str], factors: list[ShownFactor], *, remembers: bool = False
    ) -> list[LoggedIn]:
        """Complete several logins concurrently, each with a factor; return the sessions."""
        by, completion = CompletingClient(remembers_device=remembers), self._factors.completion
        return await at_once(
            [completion.complete(token, factor, by) for token, factor in zip(mfa_tokens, factors, strict=True)]
        )

    async def sign_in_at_once(self, credential: Json, callers: int) -> list[LoggedIn]:
        """Sign in with one signature in concurrent calls; return the sessions."""
        response = PasskeyLoginRequest.model_validate({"credential": credential}).credential.decoded()
        return await at_once([self._passkeys.login.login(response) for _ in range(callers)])

    async def creation_options(self, access: str) -> Json | None:
        """Return the options for a browser to create a passkey."""
        options = await answered(self._in_session(access, self._passkeys.registration.options))
        return None if options is None else as_json(CreationOptionsResponse.of(options))

    async def register_at_once(self, access: str, credential: Json, callers: int) -> list[AddedPasskey]:
        """Register one authenticator credential in concurrent calls."""
        response = PasskeyRegistrationRequest.model_validate({"credential": credential}).credential.decoded()

        async def register(caller: Caller) -> AddedPasskey:
            return await self._passkeys.registration.register(caller, response, "")

        return await at_once([self._in_session(access, register) for _ in range(callers)])

    async def remove_passkey(self, access: str, passkey_id: str) -> LoggedIn | None:
        """Remove a passkey."""

        async def remove(caller: Caller) -> LoggedIn:
            return tokens_of(await self._passkeys.management.delete(caller, UUID(passkey_id)))

        return await answered(self._in_session(access, remove))

    async def prove(self, access: str, factor: ShownFactor) -> TokenPair | None:
        """Reauthenticate in a session by a factor."""

        async def prove(caller: Caller) -> TokenPair:
            return await self._reauthentication.reauthenticate_by_factor(caller, factor)

        return await answered(self._in_session(access, prove))

    def admits_to_administration(self, caller: Caller) -> bool:
        """Return whether ADMIN_REQUIRES_SECOND_FACTOR admits the caller."""
        try:
            self._reauthentication.require_second_factor(caller)
        except DomainError:
            return False
        return True

    async def _in_session(self, access: str, call: Any) -> Any:  # noqa: ANN401 - the result of any use case
        return await call(await caller_of(self._services.authentication, access))


def as_json(response: Any) -> Json:  # noqa: ANN401 - any of the bodies
    """Return a response body in its JSON form."""
    body: Json = response.model_dump(mode="json", by_alias=True)
    return body
