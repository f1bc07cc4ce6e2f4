"""The pages on which a person signs in: with a password, a second factor where there is one, or a passkey."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from pydantic import Field, ValidationError

from doorward.api.bodies import FormBody
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.schemas.ceremonies import AuthenticationJson, RequestOptionsResponse
from doorward.api.services import CurrentServices, ProviderServices, Services
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.browser_session import BrowserStay
from doorward.domain.auth.browser_sessions import SignedIn
from doorward.domain.auth.exceptions import (
    InvalidPendingLoginError,
    InvalidSecondFactorError,
    SecondFactorRequiredError,
)
from doorward.domain.auth.login_completion import CompletingClient
from doorward.domain.auth.ports import Client
from doorward.domain.oauth.authorization import AskedParameters
from doorward.domain.oauth.authorization_request import ACR_LEVELS
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.passkeys.exceptions import InvalidPasskeyError
from doorward.domain.passkeys.models import AssertionResponse
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import DEVICE_KEPT, Cookie
from doorward.web.forms import MAXIMUM_CREDENTIAL_LENGTH, MAXIMUM_FIELD_LENGTH, PageForm
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import (
    SECOND_FACTOR,
    SIGN_IN,
    UNANSWERED,
    ProviderPages,
    form_policy,
    page_policy,
    raise_for_all,
)
from doorward.web.provider.parameters import asked_in, checked_next, query_of, read_query

EXPIRED: Final = "This page was open for too long, or in another browser. Try again."
MAXIMUM_NEXT_LENGTH: Final = 32 * 1024


class NextForm(PageForm):
    """A form after which a person goes on to ``next``."""

    next: str = Field("", max_length=MAXIMUM_NEXT_LENGTH)
    stay: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class SignInForm(NextForm):
    """A name and a password, or what a passkey has signed."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)


class SecondFactorForm(NextForm):
    """A code, or what a passkey has signed, for a login that waits."""

    mfa_token: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    remember: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who signs in, in which browser, and where that goes on. ``is_form``: by a form of a page."""

    request: Request
    services: Services
    provider: ProviderServices
    stay: BrowserStay
    next: str
    device_token: str | None
    is_form: bool

    def by(self, client: Client, *, remembers: bool = False) -> CompletingClient:
        """Return who sends it."""
        return CompletingClient(client, self.request.headers.get("user-agent"), self.device_token, remembers)


class SignInPages:
    """The pages' functions."""

    def __init__(self, pages: ProviderPages) -> None:
        self._pages = pages

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        content = ContentPolicy.SIGN_IN
        return [
            Call("GET", SIGN_IN, self.show_sign_in, page_policy(content)),
            Call("POST", SIGN_IN, self.sign_in_by_form, form_policy(content, LimitedCall.TOKEN)),
            Call("GET", SECOND_FACTOR, self.show_sign_in, page_policy(content)),
            Call("POST", SECOND_FACTOR, self.complete_sign_in, form_policy(content, LimitedCall.SECOND_FACTOR)),
        ]

    async def show_sign_in(self, request: Request, services: CurrentServices) -> Response:
        """Show the form."""
        try:
            asked = read_query(query_of(request))
        except InvalidAuthorizationError as error:
            return self._pages.error_page(error)
        return await self.sign_in_page(request, services, checked_next(asked.values.get("next", "")))

    async def sign_in_by_form(
        self, request: Request, form: FormBody[SignInForm], services: CurrentServices
    ) -> Response:
        """Begin the session of the browser, or ask for the second factor."""
        visit = self.visit(request, services, form.next, is_kept=bool(form.stay))
        if not self._pages.forms.is_own(request, "sign_in", form.form_token):
            return await self.sign_in_page(request, services, visit.next, form.username, EXPIRED)
        try:
            signed_in = await self._sign_in(visit, form)
        except SecondFactorRequiredError as due:
            return await self.second_factor_page(visit, str(due.members["mfa_token"]))
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self.sign_in_page(request, services, visit.next, form.username, refusal.detail)
        return await self.signed_in(visit, signed_in)

    async def complete_sign_in(
        self, request: Request, form: FormBody[SecondFactorForm], services: CurrentServices
    ) -> Response:
        """Begin the session of the browser by a second factor."""
        visit = self.visit(request, services, form.next, is_kept=bool(form.stay))
        if not self._pages.forms.is_own(request, "second_factor", form.form_token):
            return await self.sign_in_page(request, services, visit.next, refusal=EXPIRED)
        try:
            signed_in = await self._complete(visit, form)
        except (InvalidSecondFactorError, InvalidPasskeyError) as refusal:
            return await self.second_factor_page(visit, form.mfa_token, refusal.detail)
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self.sign_in_page(request, services, visit.next, refusal=refusal.detail)
        return await self.signed_in(visit, signed_in)

    def visit(
        self, request: Request, services: Services, next_address: str, *, is_kept: bool, is_form: bool = True
    ) -> Visit:
        """Return who signs in."""
        provider, cookies = provider_of(services), self._pages.cookies
        replaces = provider.browser_sessions.read(cookies.read(request, Cookie.SESSION))
        stay = BrowserStay(replaces, is_kept=is_kept)
        device_token = cookies.read(request, Cookie.DEVICE)
        return Visit(request, services, provider, stay, checked_next(next_address), device_token, is_form)

    async def _sign_in(self, visit: Visit, form: SignInForm) -> SignedIn:
        user_agent = visit.request.headers.get("user-agent")
        async with waiting_client(visit.request) as client:
            if form.credential and visit.services.passkeys is not None:
                return await visit.services.passkeys.login.sign_in(
                    _read(form.credential),
                    stay=visit.stay,
                    client=client,
                    user_agent=user_agent,
                    device_token=visit.device_token,
                )
            return await visit.services.login.sign_in(
                name=form.username,
                password=form.password,
                stay=visit.stay,
                client=client,
                user_agent=user_agent,
                device_token=visit.device_token,
                trusts_device=not needs_second_factor(await self.asked(visit.request, visit.services, visit.next)),
            )

    async def _complete(self, visit: Visit, form: SecondFactorForm) -> SignedIn:
        services, factors = visit.services, visit.services.second_factors
        async with waiting_client(visit.request) as client:
            by = visit.by(client, remembers=bool(form.remember))
            if form.credential and services.passkeys is not None:
                passkey = services.passkeys.factors.shown_in_login(form.mfa_token, _read(form.credential))
                return await factors.completion.complete_in_browser(form.mfa_token, passkey, by, visit.stay)
            code = factors.shown_codes.of(form.code)
            return await factors.completion.complete_in_browser(form.mfa_token, code, by, visit.stay)

    async def signed_in(self, visit: Visit, signed_in: SignedIn) -> Response:
        """Set the cookies, and go on. Whoever was signed in here as another user is not any more."""
        cookies, sessions = self._pages.cookies, visit.provider.browser_sessions
        if visit.stay.replaces is not None:
            await sessions.end(cookies.read(visit.request, Cookie.SESSION))
        if visit.next:
            response = self._pages.go_on(visit.request, visit.next, is_form=visit.is_form)
        else:
            response = self._pages.page("finished", title="Signed in", message="You are signed in.")
        cookies.set(response, Cookie.SESSION, signed_in.cookie, signed_in.kept_for)
        cookies.set(response, Cookie.DEVICE, signed_in.device_token, DEVICE_KEPT)
        return response

    async def asked(self, request: Request, services: Services, next_address: str) -> AskedParameters | None:
        """Return what the application asks for to which a person goes on. Raises ``InvalidAuthorizationError``."""
        asked = asked_in(next_address, self._pages.cookies.read(request, Cookie.BROWSER) or "")
        return None if asked is None else await provider_of(services).authorization.open(asked)

    async def _hint(self, request: Request, services: Services, next_address: str) -> str:
        """Return whom the application expects to sign in."""
        try:
            asked = await self.asked(request, services, next_address)
        except UNANSWERED:
            return ""
        return "" if asked is None else asked.values.get("login_hint", "")[:MAXIMUM_FIELD_LENGTH]

    async def sign_in_page(
        self, request: Request, services: Services, next_address: str, username: str = "", refusal: str | None = None
    ) -> Response:
        """Show the form, with what was refused."""
        session = await provider_of(services).browser_sessions.find(self._pages.cookies.read(request, Cookie.SESSION))
        known = username or await self._hint(request, services, next_address) or (session.username if session else "")
        passkeys = services.passkeys
        options = "" if passkeys is None else RequestOptionsResponse.of(passkeys.login.options()).model_dump_json()
        return self._pages.form_page(
            request,
            "sign_in",
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=refusal,
            next=next_address,
            username=known,
            signed_in=session.username if session else "",
            options=options,
            providers=provider_of(services).federated_login.visits.providers,
        )

    async def second_factor_page(self, visit: Visit, mfa_token: str, refusal: str | None = None) -> Response:
        """Ask for the second factor."""
        passkeys, options = visit.services.passkeys, ""
        if passkeys is not None:
            try:
                offered = await passkeys.factors.options_of_login(mfa_token)
            except InvalidPendingLoginError as expired:
                return await self.sign_in_page(visit.request, visit.services, visit.next, refusal=expired.detail)
            options = RequestOptionsResponse.of(offered).model_dump_json() if offered.allowed else ""
        return self._pages.form_page(
            visit.request,
            "second_factor",
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=refusal,
            next=visit.next,
            stay="on" if visit.stay.is_kept else "",
            mfa_token=mfa_token,
            options=options,
        )


def _read(text: str) -> AssertionResponse:
    """Return what the script put into the form. Raises ``InvalidPasskeyError``."""
    try:
        return AuthenticationJson.model_validate_json(text).decoded()
    except ValidationError as error:
        raise InvalidPasskeyError from error


def needs_second_factor(asked: AskedParameters | None) -> bool:
    """Tell whether the application accepts nothing less than two kinds of factors."""
    named = "" if asked is None else asked.values.get("acr_values", "")
    levels = [ACR_LEVELS[name] for name in named.split() if name in ACR_LEVELS]
    return bool(levels) and min(levels) > ACR_LEVELS["1"]
