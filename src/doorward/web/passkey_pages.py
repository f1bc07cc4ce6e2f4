"""The forms of passkeys: add, rename, remove. Their script asks the browser; the forms do the rest."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import RegistrationJson
from doorward.api.services import CurrentServices, passkeys_of
from doorward.api.waiting_client import waiting_client
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.web.account_pages import acts
from doorward.web.forms import AddPasskeyForm, OwnPasskeyForm, RenamePasskeyForm
from doorward.web.own_page import OwnPage, read_credential, read_passkey_id
from doorward.web.page_sessions import Changed, PageSessions

ADD: Final = "/account/add-passkey"
RENAME: Final = "/account/rename-passkey"
REMOVE: Final = "/account/remove-passkey"


class PasskeyForms:
    """Each answers with the page of passkeys."""

    def __init__(self, page: OwnPage, sessions: PageSessions) -> None:
        """Take the page, and what makes changes in its session."""
        self._page = page
        self._sessions = sessions

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        own = acts(LimitedCall.PASSKEYS)
        return [
            Call("POST", ADD, self.add_passkey_by_form, own),
            Call("POST", RENAME, self.rename_passkey_by_form, own),
            Call("POST", REMOVE, self.remove_passkey_by_form, own),
        ]

    async def add_passkey_by_form(
        self, request: Request, form: FormBody[AddPasskeyForm], services: CurrentServices
    ) -> Response:
        """Register the passkey that the browser made."""

        async def add(caller: Caller) -> Changed:
            response = read_credential(form.credential, RegistrationJson).decoded()
            async with waiting_client(request) as client:
                agent = request.headers.get("user-agent")
                added = await passkeys_of(services).registration.register(
                    caller, response, form.name, client=client, user_agent=agent
                )
            done = f"{added.passkey.name} was added. You were signed out elsewhere."
            return Changed(added.login.tokens.access_token, done, added.recovery_codes or ())

        return await self._sessions.change(self._page, services, form.access_token, add)

    async def rename_passkey_by_form(self, form: FormBody[RenamePasskeyForm], services: CurrentServices) -> Response:
        """Give a passkey another name."""

        async def rename(caller: Caller) -> Changed:
            management = passkeys_of(services).management
            passkey = await management.rename(caller, read_passkey_id(form.passkey_id), form.name)
            return Changed(form.access_token, f"The passkey is called {passkey.name} now.")

        return await self._sessions.change(self._page, services, form.access_token, rename)

    async def remove_passkey_by_form(
        self, request: Request, form: FormBody[OwnPasskeyForm], services: CurrentServices
    ) -> Response:
        """Remove a passkey."""

        async def remove(caller: Caller) -> Changed:
            async with waiting_client(request) as client:
                begun = await passkeys_of(services).management.remove(
                    caller,
                    read_passkey_id(form.passkey_id),
                    client=client,
                    user_agent=request.headers.get("user-agent"),
                )
            return Changed(begun.tokens.access_token, "The passkey was removed. You were signed out elsewhere.")

        return await self._sessions.change(self._page, services, form.access_token, remove)
