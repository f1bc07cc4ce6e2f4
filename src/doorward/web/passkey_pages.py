"""The pages of passkeys: sign in, see, add, rename, remove. Their script asks the browser; the forms do the rest.

The service sets no cookies: the session of these pages lives in their forms, as the access token in a hidden field. A
form of another site has no token, so it changes nothing.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import ValidationError

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import (
    AuthenticationJson,
    CreationOptionsResponse,
    RegistrationJson,
    RequestOptionsResponse,
    encoded,
)
from doorward.api.services import CurrentServices, PasskeyServices, Services, passkeys_of
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError, Kind
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import (
    EmailNotVerifiedError,
    InvalidAccessTokenError,
    SecondFactorRequiredError,
)
from doorward.domain.auth.login_completion import CompletingClient
from doorward.domain.auth.models import ACCOUNT_SCOPE, LoggedIn
from doorward.domain.passkeys.exceptions import (
    InvalidPasskeyError,
    PasskeyNotFoundError,
    TooManyPasskeysError,
    UnknownPasskeyError,
)
from doorward.domain.passkeys.management import OwnPasskeys
from doorward.domain.passkeys.models import Passkey
from doorward.web.account_pages import SHOWN, UNPROCESSABLE, acts, passkey_assets
from doorward.web.forms import (
    AddPasskeyForm,
    OwnPasskeyForm,
    PasskeySignInForm,
    RenamePasskeyForm,
    SignedInForm,
)
from doorward.web.rendering import Pages

SIGN_IN: Final = "/account/passkeys"
ADD: Final = "/account/add-passkey"
RENAME: Final = "/account/rename-passkey"
REMOVE: Final = "/account/remove-passkey"
SIGN_OUT: Final = "/account/sign-out"

JsonT = TypeVar("JsonT", AuthenticationJson, RegistrationJson)


def calls() -> Sequence[Call]:
    """Return the calls. Raises ``ImportError`` without the package ``jinja2``."""
    return [*PasskeyPages(Pages()).calls(), *passkey_assets()]


class PasskeyPages:
    """The pages' functions. Each answers a form with the page that comes next."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        own = acts(LimitedCall.PASSKEYS)
        return [
            Call("GET", SIGN_IN, self.show_passkey_sign_in, SHOWN),
            Call("POST", SIGN_IN, self.sign_in_for_passkeys, acts(LimitedCall.TOKEN)),
            Call("POST", ADD, self.add_passkey_by_form, own),
            Call("POST", RENAME, self.rename_passkey_by_form, own),
            Call("POST", REMOVE, self.remove_passkey_by_form, own),
            Call("POST", SIGN_OUT, self.sign_out, own),
        ]

    async def show_passkey_sign_in(self, services: CurrentServices) -> Response:
        """Show the form."""
        return self._sign_in_page(passkeys_of(services))

    async def sign_in_for_passkeys(
        self, request: Request, form: FormBody[PasskeySignInForm], services: CurrentServices
    ) -> Response:
        """Begin a session by passkey or by password, and show the user's passkeys."""
        passkeys = passkeys_of(services)
        try:
            async with waiting_client(request) as client:
                by = CompletingClient(client, request.headers.get("user-agent"))
                begun = await (_sign_in(form, by, passkeys) if form.credential else _log_in(form, by, services))
        except DomainError as refusal:
            unknown = _unknown_credential(form.credential) if isinstance(refusal, UnknownPasskeyError) else None
            return self._sign_in_page(passkeys, refusal, unknown)
        return await self._own_page(services, begun.tokens.access_token)

    async def add_passkey_by_form(
        self, request: Request, form: FormBody[AddPasskeyForm], services: CurrentServices
    ) -> Response:
        """Register the passkey that the browser made."""

        async def add(caller: Caller, passkeys: PasskeyServices) -> tuple[str, str]:
            response = _read(form.credential, RegistrationJson).decoded()
            async with waiting_client(request) as client:
                agent = request.headers.get("user-agent")
                added = await passkeys.registration.register(
                    caller, response, form.name, client=client, user_agent=agent
                )
            codes = f" Keep these recovery codes: {', '.join(added.recovery_codes)}." if added.recovery_codes else ""
            done = f"{added.passkey.name} was added. You were signed out elsewhere.{codes}"
            return added.login.tokens.access_token, done

        return await self._change(form.access_token, services, add, needs_fresh_proof=True)

    async def rename_passkey_by_form(self, form: FormBody[RenamePasskeyForm], services: CurrentServices) -> Response:
        """Give a passkey another name."""

        async def rename(caller: Caller, passkeys: PasskeyServices) -> tuple[str, str]:
            passkey = await passkeys.management.rename(caller, _id(form.passkey_id), form.name)
            return form.access_token, f"The passkey is called {passkey.name} now."

        return await self._change(form.access_token, services, rename, needs_fresh_proof=False)

    async def remove_passkey_by_form(
        self, request: Request, form: FormBody[OwnPasskeyForm], services: CurrentServices
    ) -> Response:
        """Remove a passkey."""

        async def remove(caller: Caller, passkeys: PasskeyServices) -> tuple[str, str]:
            async with waiting_client(request) as client:
                begun = await passkeys.management.remove(
                    caller, _id(form.passkey_id), client=client, user_agent=request.headers.get("user-agent")
                )
            return begun.tokens.access_token, "The passkey was removed. You were signed out elsewhere."

        return await self._change(form.access_token, services, remove, needs_fresh_proof=True)

    async def sign_out(self, form: FormBody[SignedInForm], services: CurrentServices) -> Response:
        """End the session of the page."""
        await services.sessions.revoke_access_token(form.access_token)
        return self._pages.page("done", title="Signed out", message="You are signed out.")

    async def _change(
        self,
        access_token: str,
        services: Services,
        change: Callable[[Caller, PasskeyServices], Awaitable[tuple[str, str]]],
        *,
        needs_fresh_proof: bool,
    ) -> Response:
        """Make a change in the session of the page; ``change`` returns the token that goes on, and what was done."""
        passkeys = passkeys_of(services)
        try:
            caller = await _caller(access_token, services)
            if needs_fresh_proof:
                services.own_account.reauthentication.require_fresh_proof(caller)
        except DomainError as refusal:
            return self._sign_in_page(passkeys, refusal)
        try:
            access_token, done = await change(caller, passkeys)
        except InvalidAccessTokenError as refusal:
            return self._sign_in_page(passkeys, refusal)
        except DomainError as refusal:
            return await self._own_page(services, access_token, refusal=refusal)
        return await self._own_page(services, access_token, done=done)

    async def _own_page(
        self,
        services: Services,
        access_token: str,
        *,
        done: str = "",
        refusal: DomainError | None = None,
    ) -> Response:
        """Show the passkeys of the user of a session, with the refusal of what was asked for, if it was refused."""
        _raise_for_all(refusal)
        passkeys = passkeys_of(services)
        caller = await _caller(access_token, services)
        own = await passkeys.management.list(caller)
        options, obstacle = "", ""
        try:
            options = CreationOptionsResponse.of(await passkeys.registration.options(caller)).model_dump_json()
        except (EmailNotVerifiedError, TooManyPasskeysError) as error:
            obstacle = error.detail
        return self._pages.page(
            "own_passkeys",
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=None if refusal is None else refusal.detail,
            done=done,
            access_token=access_token,
            passkeys=[_shown(each) for each in own.passkeys],
            options=options,
            obstacle=obstacle,
            signals=json.dumps(_signals(own, caller)),
        )

    def _sign_in_page(
        self, passkeys: PasskeyServices, refusal: DomainError | None = None, unknown: Mapping[str, str] | None = None
    ) -> Response:
        _raise_for_all(refusal)
        options = RequestOptionsResponse.of(passkeys.login.options())
        return self._pages.page(
            "passkeys",
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=None if refusal is None else refusal.detail,
            options=options.model_dump_json(),
            signals=json.dumps({"unknown": {"rpId": options.rp_id, **unknown}}) if unknown else "",
        )


async def _sign_in(form: PasskeySignInForm, by: CompletingClient, passkeys: PasskeyServices) -> LoggedIn:
    """Begin a session by what a passkey has signed."""
    response = _read(form.credential, AuthenticationJson).decoded()
    return await passkeys.login.login(response, client=by.client, user_agent=by.user_agent)


async def _log_in(form: PasskeySignInForm, by: CompletingClient, services: Services) -> LoggedIn:
    """Begin a session by the password, and by the code where it asks for a second factor."""
    try:
        return await services.login.login(
            name=form.username, password=form.password, client=by.client, user_agent=by.user_agent
        )
    except SecondFactorRequiredError as due:
        if not form.code:
            raise
        factor = services.second_factors.shown_codes.of(form.code)
        return await services.second_factors.completion.complete(str(due.members["mfa_token"]), factor, by)


async def _caller(access_token: str, services: Services) -> Caller:
    """Return the user of the page's session, as the API would let it in. Raises ``InvalidAccessTokenError``."""
    caller = await services.sessions.authenticate(access_token)
    if ACCOUNT_SCOPE not in caller.scopes:
        raise InvalidAccessTokenError
    return caller


def _read(text: str, model: type[JsonT]) -> JsonT:
    """Return what the script put into the form. Raises ``InvalidPasskeyError``."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidPasskeyError from error


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise PasskeyNotFoundError from error


def _raise_for_all(refusal: DomainError | None) -> None:
    """Raise again what the edge answers for all routes."""
    if refusal is not None and refusal.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
        raise refusal


def _unknown_credential(credential: str) -> Mapping[str, str]:
    """Return what tells the browser to forget a passkey that is not known here."""
    return {"credentialId": _read(credential, AuthenticationJson).id}


def _shown(passkey: Passkey) -> Mapping[str, object]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created": f"{passkey.created_at:%Y-%m-%d}",
        "used": "" if passkey.last_used_at is None else f"{passkey.last_used_at:%Y-%m-%d}",
        "is_suspended": passkey.suspended_at is not None,
    }


def _signals(own: OwnPasskeys, caller: Caller) -> Mapping[str, object]:
    """Return what browsers are told (Web Authentication Level 3 section 5.1.10): accepted passkeys, names."""
    names = {"rpId": own.relying_party.id, "userId": encoded(own.user_handle)}
    accepted = [encoded(each.credential_id) for each in own.passkeys if each.suspended_at is None]
    return {
        "accepted": {**names, "allAcceptedCredentialIds": accepted},
        "user": {**names, "name": caller.user.email, "displayName": caller.user.username},
    }
