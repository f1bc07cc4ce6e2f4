"""The page of passkeys, and its forms. A script calls the browser's WebAuthn API; the forms do the rest."""

import json
from collections.abc import Mapping, Sequence

from fastapi import Request, Response
from pydantic import ValidationError

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import CreationOptionsResponse, RegistrationJson, encoded
from doorward.api.services import CurrentServices, passkeys_of
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.auth.sessions.continuation import cookies_of
from doorward.domain.passkeys.exceptions import InvalidPasskeyError, PasskeyNotFoundError, TooManyPasskeysError
from doorward.domain.passkeys.management import OwnPasskeys
from doorward.domain.passkeys.models import CreationResponse, Passkey
from doorward.web.forms import AddPasskeyForm, OwnPasskeyForm, RenamePasskeyForm, SignedInPage
from doorward.web.own.formatting import read_id, shown_day
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext


class PasskeysPage(OwnPage):
    """The passkeys, and the form that adds one."""

    name = SignedInPage.PASSKEYS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the passkeys, the creation options, and the signals for the browser."""
        passkeys, caller = passkeys_of(context.services), context.caller
        own = await passkeys.management.list(caller)
        options, obstacle = "", ""
        try:
            options = CreationOptionsResponse.of(await passkeys.registration.options(caller)).model_dump_json()
        except (EmailNotVerifiedError, TooManyPasskeysError) as error:
            obstacle = context.texts.refusal(error)
        return {
            "passkeys": [_shown(each) for each in own.passkeys],
            "options": options,
            "obstacle": obstacle,
            "signals": json.dumps(_signals(own, caller)),
        }


class PasskeyForms:
    """The forms of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = PasskeysPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        own, page, limit = self._own, self._page, LimitedCall.PASSKEYS
        return [
            own.shown(page),
            *own.form(page, "add-passkey", limit, self.add_passkey_by_form),
            *own.form(page, "rename-passkey", limit, self.rename_passkey_by_form),
            *own.form(page, "remove-passkey", limit, self.remove_passkey_by_form),
        ]

    async def add_passkey_by_form(
        self, request: Request, form: FormBody[AddPasskeyForm], services: CurrentServices
    ) -> Response:
        """Register the passkey that the browser created."""

        async def act(context: PageContext) -> FormResult:
            response = _read(form.credential)
            async with watch_disconnect(request) as client:
                added = await passkeys_of(services).registration.register(
                    context.caller, response, form.name, client=client, user_agent=context.user_agent
                )
            return FormResult("passkey", cookies_of(added.login), added.recovery_codes)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def rename_passkey_by_form(
        self, request: Request, form: FormBody[RenamePasskeyForm], services: CurrentServices
    ) -> Response:
        """Rename a passkey."""

        async def act(context: PageContext) -> FormResult:
            passkey_id = read_id(form.passkey_id, PasskeyNotFoundError)
            await passkeys_of(services).management.update(context.caller, passkey_id, form.name)
            return FormResult("passkey_renamed")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def remove_passkey_by_form(
        self, request: Request, form: FormBody[OwnPasskeyForm], services: CurrentServices
    ) -> Response:
        """Remove a passkey."""

        async def act(context: PageContext) -> FormResult:
            passkey_id = read_id(form.passkey_id, PasskeyNotFoundError)
            async with watch_disconnect(request) as client:
                session = await passkeys_of(services).management.delete(
                    context.caller, passkey_id, client=client, user_agent=context.user_agent
                )
            return FormResult("passkey_removed", cookies_of(session))

        return await self._own.act(self._page, request, services, form.form_token, act)


def _read(text: str) -> CreationResponse:
    """Parse the credential that the script put into the form. Raises ``InvalidPasskeyError``."""
    try:
        return RegistrationJson.model_validate_json(text).decoded()
    except ValidationError as error:
        raise InvalidPasskeyError from error


def _shown(passkey: Passkey) -> Mapping[str, object]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created": shown_day(passkey.created_at),
        "used": "" if passkey.last_used_at is None else shown_day(passkey.last_used_at),
        "is_suspended": passkey.suspended_at is not None,
    }


def _signals(own: OwnPasskeys, caller: Caller) -> Mapping[str, object]:
    """Return the signals for the browser (Web Authentication Level 3 section 5.1.10): accepted passkeys, user names."""
    names = {"rpId": own.relying_party.id, "userId": encoded(own.user_handle)}
    accepted = [encoded(each.credential_id) for each in own.passkeys if each.suspended_at is None]
    return {
        "accepted": {**names, "allAcceptedCredentialIds": accepted},
        "user": {**names, "name": caller.user.email or caller.user.username, "displayName": caller.user.username},
    }
