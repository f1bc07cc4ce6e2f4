"""Signing in with another OpenID provider: a form redirects the browser there, and it returns with a code."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.exceptions import NotFoundError
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import SecondFactorRequiredError
from doorward.domain.auth.sessions.admission import SecondFactor
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login import SigningBrowser
from doorward.domain.federation.login_models import ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.ports import LoginProvider
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.web.cookies import Cookie
from doorward.web.own.identities import IdentityForms
from doorward.web.own.pages import OwnPages
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import ERRORS_WITHOUT_REDIRECT, ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import needs_second_factor, query_of, read_query
from doorward.web.provider.sign_in import SignInContext, SignInPages
from doorward.web.provider.sign_in_forms import EXPIRED, NextForm
from doorward.web.rendering import SIGN_IN, raise_service_errors

WITH: Final = "/account/with-{name}"
BACK: Final = "/account/back-from-{name}"


class WithForm(NextForm):
    """The form that redirects the browser to another provider, with the address to continue at afterwards."""


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes, including those of the page for linked identities."""
    identities = IdentityForms(OwnPages(pages), pages)
    return [*identities.calls(), *LoginProviderPages(pages, SignInPages(pages), identities).calls()]


class LoginProviderPages:
    """The route functions."""

    def __init__(self, pages: ProviderPages, sign_in: SignInPages, identities: IdentityForms) -> None:
        """Set the renderer, the pages of the sign-in, and the forms that link identities."""
        self._pages = pages
        self._sign_in = sign_in
        self._identities = identities

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        content = ContentPolicy.SIGN_IN
        return [
            Call("GET", WITH, self.show_sign_in, page_policy(content)),
            Call("POST", WITH, self.send_to_provider, form_policy(content, LimitedCall.TOKEN)),
            Call("GET", BACK, self.come_back, page_policy(content, LimitedCall.TOKEN)),
        ]

    async def show_sign_in(self, name: str, request: Request, services: CurrentServices) -> Response:
        """Redirect to the sign-in: the address of the form was opened directly."""
        _provider_of_path(services, name)
        return self._pages.redirect(request, SIGN_IN, is_form=False)

    async def send_to_provider(
        self, name: str, request: Request, form: FormBody[WithForm], services: CurrentServices
    ) -> Response:
        """Redirect the browser to the provider."""
        provider, context = _provider_of_path(services, name), self._sign_in.context(request, form, services)
        if not self._pages.form_tokens.is_valid(request, "sign_in", form.form_token):
            return await self._sign_in.sign_in_page(context, refusal=context.texts(EXPIRED))
        try:
            target = await context.provider.federated_login.redirects.begin(
                provider,
                self._browser(request),
                next_address=context.next,
                is_proof=bool(context.proof),
                is_kept=context.stay.is_kept,
                requires_new_sign_in=bool(context.proof) or await self._wants_recent_proof(context),
            )
        except DomainError as refusal:
            raise_service_errors(refusal)
            return await self._sign_in.sign_in_page(context, refusal=context.texts.refusal(refusal))
        return self._pages.redirect_to_other_site(request, target, is_form=True)

    async def come_back(self, name: str, request: Request, services: CurrentServices) -> Response:
        """Begin a browser session for the account of the identity, or link the identity."""
        provider, redirects = _provider_of_path(services, name), provider_of(services).federated_login.redirects
        context = self._sign_in.context(request, WithForm(), services, is_form=False)
        try:
            answer, state = _read_answer(request)
            asked = redirects.read(provider, self._browser(request), state)
            going_on = WithForm(
                next=asked.next, proof="1" if asked.is_proof else "", stay="on" if asked.is_kept else ""
            )
            context = self._sign_in.context(request, going_on, services, is_form=False)
            identity = await redirects.finish(provider, asked, answer)
            if asked.linking is not None:
                return await self._identities.link(request, services, provider, identity, asked.linking)
            signed_in = await self._signed_in(context, provider, identity)
        except SecondFactorRequiredError as due:
            has_totp = SecondFactor.TOTP in due.members["methods"]
            return await self._sign_in.second_factor_page(context, str(due.members["mfa_token"]), has_totp=has_totp)
        except DomainError as refusal:
            raise_service_errors(refusal)
            return await self._sign_in.sign_in_page(context, refusal=context.texts.refusal(refusal))
        return await self._sign_in.signed_in(context, signed_in)

    async def _signed_in(self, context: SignInContext, provider: LoginProvider, identity: VerifiedIdentity) -> SignedIn:
        needs_factor = context.proof or needs_second_factor(await self._sign_in.authorization_request(context))
        async with watch_disconnect(context.request) as client:
            by = SigningBrowser(
                stay=context.stay,
                client=client,
                user_agent=context.request.headers.get("user-agent"),
                device_token=context.device_token,
                trusts_device=not needs_factor,
            )
            return await context.provider.federated_login.sign_in(provider.name, identity, by)

    async def _wants_recent_proof(self, context: SignInContext) -> bool:
        """Return whether the application requests a new sign-in, by ``max_age`` or ``prompt=login``."""
        try:
            asked = await self._sign_in.authorization_request(context)
        except ERRORS_WITHOUT_REDIRECT:
            return False
        values = {} if asked is None else asked.values
        return "max_age" in values or "login" in values.get("prompt", "").split()

    def _browser(self, request: Request) -> str:
        """Return the value of the cookie ``BROWSER``, or an empty text."""
        return self._pages.cookies.read(request, Cookie.BROWSER) or ""


def _provider_of_path(services: Services, name: str) -> LoginProvider:
    """Return the provider with this name in the path. Raises ``NotFoundError``."""
    found = provider_of(services).federated_login.redirects.find(name)
    if found is None:
        raise NotFoundError
    return found


def _read_answer(request: Request) -> tuple[ProviderAnswer, str]:
    """Return the provider's answer from the query string, and the state. Raises ``InvalidProviderAnswerError``."""
    try:
        parameters = read_query(query_of(request))
    except InvalidAuthorizationError as error:
        raise InvalidProviderAnswerError from error
    values = parameters.values
    if parameters.repeated:
        raise InvalidProviderAnswerError
    return ProviderAnswer(values.get("code"), values.get("error"), values.get("iss")), values.get("state", "")
