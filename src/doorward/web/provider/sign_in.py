"""The pages of the sign-in: with a password and possibly a second factor, or with a passkey."""

import json
from collections.abc import Sequence
from dataclasses import field

from fastapi import Request, Response
from pydantic import ValidationError

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.links import own_address
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import AuthenticationJson, RequestOptionsResponse
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import (
    InvalidPendingLoginError,
    InvalidSecondFactorError,
    SecondFactorRequiredError,
)
from doorward.domain.auth.login.completion import CompletingClient
from doorward.domain.auth.ports import Client
from doorward.domain.auth.sessions.admission import SecondFactor
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.oauth.authorization import RequestParameters
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.passkeys.exceptions import InvalidPasskeyError, UnknownPasskeyError
from doorward.domain.passkeys.models import AssertionResponse
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import DEVICE_KEPT, Cookie
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import (
    ERRORS_WITHOUT_REDIRECT,
    LOST_DEVICE,
    SECOND_FACTOR,
    ProviderPages,
    form_policy,
    page_policy,
)
from doorward.web.provider.parameters import (
    authorization_parameters_of,
    checked_next,
    login_hint,
    needs_second_factor,
    query_of,
    read_query,
)
from doorward.web.provider.sign_in_forms import EXPIRED, NextForm, SecondFactorForm, SignInForm
from doorward.web.rendering import SIGN_IN, raise_service_errors
from doorward.web.texts import Texts, texts_of


@frozen
class SignInContext:
    """A sent form or a return from another provider, with the state of its browser."""

    request: Request
    services: Services
    provider: ProviderServices
    stay: BrowserStay
    next: str
    proof: str
    device_token: str | None = field(repr=False)
    texts: Texts
    is_form: bool

    def by(self, client: Client, *, remembers: bool = False) -> CompletingClient:
        """Return the client of the request for the completion of a login."""
        return CompletingClient(client, self.request.headers.get("user-agent"), self.device_token, remembers)


class SignInPages:
    """The route functions of the sign-in."""

    def __init__(self, pages: ProviderPages) -> None:
        self._pages = pages

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        content = ContentPolicy.SIGN_IN
        return [
            Call("GET", SIGN_IN, self.show_sign_in, page_policy(content)),
            Call("POST", SIGN_IN, self.sign_in_by_form, form_policy(content, LimitedCall.TOKEN)),
            Call("GET", SECOND_FACTOR, self.show_second_factor, page_policy(content)),
            Call("GET", LOST_DEVICE, self.show_lost_device, page_policy(content)),
            Call("POST", SECOND_FACTOR, self.complete_sign_in, form_policy(content, LimitedCall.SECOND_FACTOR)),
        ]

    async def show_sign_in(self, request: Request, services: CurrentServices) -> Response:
        """Show the form."""
        try:
            asked = read_query(query_of(request))
        except InvalidAuthorizationError as error:
            return self._pages.error_page(request, error)
        form = SignInForm(next=asked.values.get("next", ""), proof=asked.values.get("proof", "")[:1])
        return await self.sign_in_page(self.context(request, form, services))

    async def sign_in_by_form(
        self, request: Request, form: FormBody[SignInForm], services: CurrentServices
    ) -> Response:
        """Begin a browser session, or ask for the second factor."""
        context = self.context(request, form, services)
        if not self._pages.form_tokens.is_valid(request, "sign_in", form.form_token):
            return await self.sign_in_page(context, form.username, context.texts(EXPIRED))
        try:
            signed_in = await self._sign_in(context, form)
        except SecondFactorRequiredError as due:
            has_totp = SecondFactor.TOTP in due.members["methods"]
            return await self.second_factor_page(context, str(due.members["mfa_token"]), has_totp=has_totp)
        except UnknownPasskeyError as refusal:
            unknown = AuthenticationJson.model_validate_json(form.credential).id
            return await self.sign_in_page(context, refusal=context.texts.refusal(refusal), unknown=unknown)
        except DomainError as refusal:
            raise_service_errors(refusal)
            return await self.sign_in_page(context, form.username, context.texts.refusal(refusal))
        return await self.signed_in(context, signed_in)

    async def complete_sign_in(
        self, request: Request, form: FormBody[SecondFactorForm], services: CurrentServices
    ) -> Response:
        """Check the second factor, and begin a browser session."""
        context = self.context(request, form, services)
        if not self._pages.form_tokens.is_valid(request, "second_factor", form.form_token):
            return await self.sign_in_page(context, refusal=context.texts(EXPIRED))
        try:
            signed_in = await self._complete(context, form)
        except (InvalidSecondFactorError, InvalidPasskeyError, UnknownPasskeyError) as refusal:
            text = context.texts.refusal(refusal)
            return await self.second_factor_page(context, form.mfa_token, has_totp=bool(form.totp), refusal=text)
        except DomainError as refusal:
            raise_service_errors(refusal)
            return await self.sign_in_page(context, refusal=context.texts.refusal(refusal))
        return await self.signed_in(context, signed_in)

    async def show_second_factor(self, request: Request) -> Response:
        """Redirect to the sign-in: when opened from the history, there is no pending login."""
        return self._pages.redirect(request, SIGN_IN, is_form=False)

    async def show_lost_device(self, request: Request) -> Response:
        """Show how to regain access."""
        return self._pages.page(request, "lost_device")

    def context(self, request: Request, form: NextForm, services: Services, *, is_form: bool = True) -> SignInContext:
        """Return the state of the sign-in: its form and its browser."""
        provider, cookies = provider_of(services), self._pages.cookies
        replaces = provider.browser_sessions.read(cookies.read(request, Cookie.SESSION))
        stay = BrowserStay(replaces.id if replaces else None, is_kept=bool(form.stay))
        device_token = cookies.read(request, Cookie.DEVICE)
        goes_on = checked_next(form.next)
        proof = form.proof if goes_on else ""
        texts = texts_of(request)
        return SignInContext(request, services, provider, stay, goes_on, proof, device_token, texts, is_form)

    async def _sign_in(self, context: SignInContext, form: SignInForm) -> SignedIn:
        user_agent = context.request.headers.get("user-agent")
        async with watch_disconnect(context.request) as client:
            if form.credential and context.services.passkeys is not None:
                return await context.services.passkeys.login.sign_in(
                    _read(form.credential),
                    stay=context.stay,
                    client=client,
                    user_agent=user_agent,
                    device_token=context.device_token,
                )
            return await context.services.login.sign_in(
                name=form.username,
                password=form.password,
                stay=context.stay,
                client=client,
                user_agent=user_agent,
                device_token=context.device_token,
                trusts_device=not (context.proof or needs_second_factor(await self.authorization_request(context))),
            )

    async def _complete(self, context: SignInContext, form: SecondFactorForm) -> SignedIn:
        services, factors = context.services, context.services.second_factors
        async with watch_disconnect(context.request) as client:
            by = context.by(client, remembers=bool(form.remember))
            if form.credential and services.passkeys is not None:
                passkey = services.passkeys.factors.shown_in_login(form.mfa_token, _read(form.credential))
                return await factors.completion.complete_in_browser(form.mfa_token, passkey, by, context.stay)
            code = factors.shown_codes.of(form.code)
            return await factors.completion.complete_in_browser(form.mfa_token, code, by, context.stay)

    async def signed_in(self, context: SignInContext, signed_in: SignedIn) -> Response:
        """Set the cookies and redirect. End the previous session of the browser, possibly of another user."""
        cookies, sessions = self._pages.cookies, context.provider.browser_sessions
        if context.stay.replaces is not None:
            await sessions.end(cookies.read(context.request, Cookie.SESSION))
        if context.next:
            response = self._pages.redirect(context.request, context.next, is_form=context.is_form)
        else:
            response = self._pages.finished(
                context.request,
                "sign_in.done",
                onward=own_address(context.request, "/account/overview"),
                onward_words=context.texts("account.nav"),
            )
        cookies.set(response, Cookie.SESSION, signed_in.cookie, signed_in.kept_for)
        cookies.set(response, Cookie.DEVICE, signed_in.device_token, DEVICE_KEPT)
        return response

    async def authorization_request(self, context: SignInContext) -> RequestParameters | None:
        """Return the authorization request to continue with, or None. Raises ``InvalidAuthorizationError``."""
        browser = self._pages.cookies.read(context.request, Cookie.BROWSER) or ""
        asked = authorization_parameters_of(context.next, browser)
        return None if asked is None else await context.provider.authorization.open(asked)

    async def _hint(self, context: SignInContext) -> str:
        """Return the user name or address that the application expects to sign in."""
        try:
            return login_hint(await self.authorization_request(context))
        except ERRORS_WITHOUT_REDIRECT:
            return ""

    async def sign_in_page(
        self, context: SignInContext, username: str = "", refusal: str | None = None, unknown: str | None = None
    ) -> Response:
        """Show the form. ``unknown`` is the id of an unknown passkey, which the browser is to remove."""
        cookie = self._pages.cookies.read(context.request, Cookie.SESSION)
        session = await context.provider.browser_sessions.find(cookie)
        known = username or await self._hint(context) or (session.username if session else "")
        passkeys, options = context.services.passkeys, None
        if passkeys is not None:
            options = RequestOptionsResponse.of(passkeys.login.options())
        return self._pages.form_page(
            context.request,
            "sign_in",
            status=200 if refusal is None else UNPROCESSABLE,
            fields={"next": context.next, "proof": context.proof},
            refusal=refusal,
            next=context.next,
            proof=context.proof,
            username=known,
            signed_in=session.username if session else "",
            options="" if options is None else options.model_dump_json(),
            signals="" if options is None or unknown is None else _signals(options, unknown),
            registers=self._pages.features.registers,
            has_mail=self._pages.features.has_mail,
            providers=context.provider.federated_login.redirects.providers,
        )

    async def second_factor_page(
        self, context: SignInContext, mfa_token: str, *, has_totp: bool, refusal: str | None = None
    ) -> Response:
        """Ask for the second factor."""
        passkeys, options = context.services.passkeys, ""
        if passkeys is not None:
            try:
                offered = await passkeys.factors.options_of_login(mfa_token)
            except InvalidPendingLoginError as expired:
                return await self.sign_in_page(context, refusal=context.texts.refusal(expired))
            options = RequestOptionsResponse.of(offered).model_dump_json() if offered.allowed else ""
        return self._pages.form_page(
            context.request,
            "second_factor",
            status=200 if refusal is None else UNPROCESSABLE,
            fields={
                "next": context.next,
                "stay": "on" if context.stay.is_kept else "",
                "proof": context.proof,
                "mfa_token": mfa_token,
                "totp": "on" if has_totp else "",
            },
            refusal=refusal,
            options=options,
            asks_for_totp=has_totp,
            remembers=self._pages.features.remembers_devices,
        )


def _signals(options: RequestOptionsResponse, unknown: str) -> str:
    """Return the signal that a passkey is unknown (Web Authentication Level 3 section 5.1.10)."""
    return json.dumps({"unknown": {"rpId": options.rp_id, "credentialId": unknown}})


def _read(text: str) -> AssertionResponse:
    """Parse the credential that the script put into the form. Raises ``InvalidPasskeyError``."""
    try:
        return AuthenticationJson.model_validate_json(text).decoded()
    except ValidationError as error:
        raise InvalidPasskeyError from error
