"""Changes in the sessions of pages: each needs a live session, most of them a recent proof of who is asking."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import AuthenticationJson, RequestOptionsResponse
from doorward.api.services import CurrentServices, Services, passkeys_of
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidAccessTokenError, ReauthenticationRequiredError
from doorward.domain.auth.models import TokenPair
from doorward.web.account_pages import acts
from doorward.web.forms import ProofForm, SignedInForm
from doorward.web.own_page import NOTHING, OwnPage, Told, caller_of, read_credential
from doorward.web.rendering import Pages
from doorward.web.sign_in import SignIn

PROOF: Final = "/account/show-who-is-asking"


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change has led to: the token that goes on, what was done, and codes that are shown this once."""

    access_token: str
    done: str
    recovery_codes: Sequence[str] = ()


class PageSessions:
    """Makes changes, and asks for a recent proof where there is none."""

    def __init__(self, pages: Pages, sign_in: SignIn) -> None:
        """Take what renders, and what people whose session has ended are led to."""
        self._pages = pages
        self._sign_in = sign_in

    def calls(self, own_pages: Sequence[OwnPage]) -> Sequence[Call]:
        """Return the calls: of the proof, and one for each page, by which another page leads to it."""
        return [
            Call("POST", PROOF, self.show_who_is_asking, acts(LimitedCall.REAUTHENTICATE)),
            *(
                Call("POST", f"/account/own-{page.name}", self._shows(page), acts(LimitedCall.FACTORS))
                for page in own_pages
            ),
        ]

    async def within(
        self,
        page: OwnPage,
        services: Services,
        access_token: str,
        act: Callable[[Caller], Awaitable[Response]],
        *,
        needs_fresh_proof: bool = False,
    ) -> Response:
        """Answer a form in its session. A refusal is shown on the page, or where the person signs in again."""
        try:
            caller = await caller_of(access_token, services)
            if needs_fresh_proof:
                services.own_account.reauthentication.require_fresh_proof(caller)
            return await act(caller)
        except InvalidAccessTokenError as refusal:
            return self._sign_in.form(services, page, Told(refusal=refusal))
        except ReauthenticationRequiredError:
            return await self._proof_form(services, page, access_token, caller)
        except DomainError as refusal:
            return await self._show(page, services, access_token, Told(refusal=refusal))

    async def change(
        self,
        page: OwnPage,
        services: Services,
        access_token: str,
        change: Callable[[Caller], Awaitable[Changed]],
    ) -> Response:
        """Make a change by a fresh proof, and answer as ``answer`` does."""

        async def act(caller: Caller) -> Response:
            return await self.answer(page, services, await change(caller))

        return await self.within(page, services, access_token, act, needs_fresh_proof=True)

    async def answer(self, page: OwnPage, services: Services, changed: Changed) -> Response:
        """Show the codes that a change has made, which lead to the page; without any the page as it is now."""
        if not changed.recovery_codes:
            return await self._show(page, services, changed.access_token, Told(done=changed.done))
        return self._pages.page(
            "recovery_codes",
            done=changed.done,
            codes=changed.recovery_codes,
            access_token=changed.access_token,
            page=page,
        )

    async def show_who_is_asking(
        self, request: Request, form: FormBody[ProofForm], services: CurrentServices
    ) -> Response:
        """Make the proof of the session one of this moment, by a second factor, or by the password without one."""
        page = self._sign_in.page_of(form.then)
        try:
            caller = await caller_of(form.access_token, services)
            try:
                pair = await _prove(request, form, services, caller)
            except InvalidAccessTokenError:
                raise
            except DomainError as refusal:
                return await self._proof_form(services, page, form.access_token, caller, Told(refusal=refusal))
        except InvalidAccessTokenError as refusal:
            return self._sign_in.form(services, page, Told(refusal=refusal))
        return await self._show(page, services, pair.access_token, Told(done="Thank you. Now you can go on."))

    def _shows(self, page: OwnPage) -> Callable[..., Awaitable[Response]]:
        async def show_own_page(form: FormBody[SignedInForm], services: CurrentServices) -> Response:
            """Show the page in the session of another one."""
            return await self._show(page, services, form.access_token)

        return show_own_page

    async def _show(self, page: OwnPage, services: Services, access_token: str, told: Told = NOTHING) -> Response:
        try:
            return await page.show(services, access_token, told)
        except InvalidAccessTokenError as refusal:
            return self._sign_in.form(services, page, Told(refusal=refusal))

    async def _proof_form(
        self, services: Services, page: OwnPage, access_token: str, caller: Caller, told: Told = NOTHING
    ) -> Response:
        words, options, asks_for_totp = told.words, "", False
        if caller.has_second_factor:
            own = await services.second_factors.listing.list(caller)
            asks_for_totp = any(each.kind == "totp" for each in own.factors)
            if services.passkeys is not None:
                shown = await services.passkeys.factors.options_of_session(caller)
                options = RequestOptionsResponse.of(shown).model_dump_json() if shown.allowed else ""
        return self._pages.page(
            "show_who_is_asking",
            status=told.status,
            **words,
            has_factor=caller.has_second_factor,
            asks_for_totp=asks_for_totp,
            options=options,
            username=caller.user.username,
            fields={"access_token": access_token, "then": page.name},
        )


async def _prove(request: Request, form: ProofForm, services: Services, caller: Caller) -> TokenPair:
    reauthentication = services.own_account.reauthentication
    if form.credential:
        response = read_credential(form.credential, AuthenticationJson).decoded()
        shown = passkeys_of(services).factors.shown_in_session(caller, response)
        return await reauthentication.reauthenticate_by_factor(caller, shown)
    if form.code:
        code = services.second_factors.shown_codes.of(form.code)
        return await reauthentication.reauthenticate_by_factor(caller, code)
    async with waiting_client(request) as client:
        return await reauthentication.reauthenticate(caller, form.password, client=client)
