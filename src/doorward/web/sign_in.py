"""Signing in on pages: by a passkey alone, or by the password and then whichever second factor the account has.

``mfa_token`` and access token are in the bodies of forms only: never in an address, a cookie or the log.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from doorward.domain.auth.admission import SecondFactor
from doorward.domain.auth.exceptions import InvalidPendingLoginError, SecondFactorRequiredError
from doorward.domain.auth.login_completion import CompletingClient
from doorward.domain.auth.models import LoggedIn
from doorward.domain.auth.ports import Client
from doorward.domain.auth.shown_factor import ShownFactor
from doorward.domain.passkeys.exceptions import UnknownPasskeyError
from doorward.web.account_pages import SHOWN, acts
from doorward.web.forms import SecondStepForm, SignedInForm, SignedInPage, SignInForm
from doorward.web.own_page import NOTHING, OwnPage, Told, read_credential
from doorward.web.rendering import Pages

SECOND_STEP: Final = "/account/second-step"
SIGN_OUT: Final = "/account/sign-out"


@dataclass(frozen=True, slots=True)
class AskedFactors:
    """The ways to show a second factor that a page offers besides a recovery code."""

    totp: bool
    passkey: bool


class SignIn:
    """Signs people in for the pages that are their own."""

    def __init__(self, pages: Pages, own_pages: Sequence[OwnPage]) -> None:
        """Take what renders, and the pages that there are."""
        self._pages = pages
        self._own_pages = {page.name: page for page in own_pages}

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        return [
            *(Call("GET", page.path, self.shows(page), SHOWN) for page in self._own_pages.values()),
            *(
                Call("POST", page.path, self._signs_in(page), acts(LimitedCall.TOKEN))
                for page in self._own_pages.values()
            ),
            Call("POST", SECOND_STEP, self.complete_sign_in, acts(LimitedCall.SECOND_FACTOR)),
            Call("POST", SIGN_OUT, self.sign_out, acts(LimitedCall.SESSIONS)),
        ]

    def page_of(self, name: SignedInPage) -> OwnPage:
        """Return the page of a name; that of second factors, which always exists, where there is none of it."""
        return self._own_pages.get(name, self._own_pages[SignedInPage.SECOND_FACTORS])

    def form(
        self, services: Services, page: OwnPage, told: Told = NOTHING, unknown: Mapping[str, str] | None = None
    ) -> Response:
        """Show the form that begins. ``unknown`` tells the browser to forget a passkey that is not known here."""
        words = told.words
        options = None if services.passkeys is None else RequestOptionsResponse.of(services.passkeys.login.options())
        signals = {} if options is None or unknown is None else {"unknown": {"rpId": options.rp_id, **unknown}}
        return self._pages.page(
            "own_sign_in",
            status=told.status,
            **words,
            page=page,
            options="" if options is None else options.model_dump_json(),
            signals=json.dumps(signals) if signals else "",
        )

    async def complete_sign_in(
        self, request: Request, form: FormBody[SecondStepForm], services: CurrentServices
    ) -> Response:
        """Begin the session of a login whose password was right, by a code or a passkey, and show the page."""
        page = self.page_of(form.then)
        try:
            async with waiting_client(request) as client:
                factor = _factor_of(form, services)
                begun = await services.second_factors.completion.complete(form.mfa_token, factor, _by(request, client))
        except InvalidPendingLoginError as refusal:
            return self.form(services, page, Told(refusal=refusal))
        except DomainError as refusal:
            asked = AskedFactors(form.totp, form.passkey)
            return await self._second_step(services, page, form.mfa_token, asked, Told(refusal=refusal))
        return await page.show(services, begun.tokens.access_token)

    async def sign_out(self, form: FormBody[SignedInForm], services: CurrentServices) -> Response:
        """End the session of the page."""
        await services.sessions.revoke_access_token(form.access_token)
        return self._pages.page("done", title="Signed out", message="You are signed out.")

    def shows(self, page: OwnPage) -> Callable[..., Awaitable[Response]]:
        """Return the function that shows the form that begins, for a page."""

        async def show_sign_in(services: CurrentServices) -> Response:
            """Show the form."""
            return self.form(services, page)

        return show_sign_in

    def _signs_in(self, page: OwnPage) -> Callable[..., Awaitable[Response]]:
        async def sign_in(request: Request, form: FormBody[SignInForm], services: CurrentServices) -> Response:
            """Begin a session by a passkey, or by the password if that is enough, and show the page."""
            try:
                async with waiting_client(request) as client:
                    begun = await _begin(form, services, _by(request, client))
            except SecondFactorRequiredError as due:
                methods = due.members["methods"]
                asked = AskedFactors(SecondFactor.TOTP in methods, SecondFactor.PASSKEY in methods)
                return await self._second_step(services, page, str(due.members["mfa_token"]), asked)
            except UnknownPasskeyError as refusal:
                unknown = {"credentialId": read_credential(form.credential, AuthenticationJson).id}
                return self.form(services, page, Told(refusal=refusal), unknown)
            except DomainError as refusal:
                return self.form(services, page, Told(refusal=refusal))
            return await page.show(services, begun.tokens.access_token)

        return sign_in

    async def _second_step(
        self, services: Services, page: OwnPage, mfa_token: str, asked: AskedFactors, told: Told = NOTHING
    ) -> Response:
        words = told.words
        options = ""
        if asked.passkey and services.passkeys is not None:
            try:
                shown = await services.passkeys.factors.options_of_login(mfa_token)
            except InvalidPendingLoginError as refusal:
                return self.form(services, page, Told(refusal=refusal))
            options = RequestOptionsResponse.of(shown).model_dump_json() if shown.allowed else ""
        return self._pages.page(
            "second_step",
            status=told.status,
            **words,
            asks_for_totp=asked.totp,
            options=options,
            fields={
                "mfa_token": mfa_token,
                "then": page.name,
                "totp": str(asked.totp).lower(),
                "passkey": str(asked.passkey).lower(),
            },
        )


def _by(request: Request, client: Client) -> CompletingClient:
    return CompletingClient(client, request.headers.get("user-agent"))


async def _begin(form: SignInForm, services: Services, by: CompletingClient) -> LoggedIn:
    """Begin a session by what a passkey has signed, or by the password. Raises ``SecondFactorRequiredError``."""
    if form.credential:
        response = read_credential(form.credential, AuthenticationJson).decoded()
        return await passkeys_of(services).login.login(response, client=by.client, user_agent=by.user_agent)
    return await services.login.login(
        name=form.username, password=form.password, client=by.client, user_agent=by.user_agent
    )


def _factor_of(form: SecondStepForm, services: Services) -> ShownFactor:
    """Return the factor that was shown after the password. Raises ``DomainError`` for what cannot be one."""
    if form.credential:
        response = read_credential(form.credential, AuthenticationJson).decoded()
        return passkeys_of(services).factors.shown_in_login(form.mfa_token, response)
    return services.second_factors.shown_codes.of(form.code)
