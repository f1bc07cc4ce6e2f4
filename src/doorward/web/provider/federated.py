"""Signing in with another OpenID provider: the browser is sent there by a form, and comes back with a code."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.exceptions import NotFoundError
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import SecondFactorRequiredError
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login import SigningBrowser
from doorward.domain.federation.login_models import LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.ports import LoginProvider
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.web.cookies import Cookie
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.identities import IdentitiesPage
from doorward.web.provider.pages import IDENTITIES, UNANSWERED, ProviderPages, form_policy, page_policy, raise_for_all
from doorward.web.provider.parameters import checked_next, query_of, read_query
from doorward.web.provider.sign_in import EXPIRED, NextForm, SignInPages, needs_second_factor

WITH: Final = "/account/with-{name}"
BACK: Final = "/account/back-from-{name}"


class WithForm(NextForm):
    """Where a person goes on to after signing in elsewhere."""


class FederatedPages:
    """The pages' functions."""

    def __init__(self, pages: ProviderPages, sign_in: SignInPages, identities: IdentitiesPage) -> None:
        """Take what renders, what people see who are not signed in, and what those see who link."""
        self._pages = pages
        self._sign_in = sign_in
        self._identities = identities

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        content = ContentPolicy.SIGN_IN
        return [
            Call("GET", WITH, self.show_sign_in, page_policy(content)),
            Call("POST", WITH, self.send_to_provider, form_policy(ContentPolicy.FORM_ELSEWHERE, LimitedCall.TOKEN)),
            Call("GET", BACK, self.come_back, page_policy(content, LimitedCall.TOKEN)),
        ]

    async def show_sign_in(self, name: str, request: Request, services: CurrentServices) -> Response:
        """Show the sign-in: the address of the form was opened by itself."""
        _named(services, name)
        return await self._sign_in.show_sign_in(request, services)

    async def send_to_provider(
        self, name: str, request: Request, form: FormBody[WithForm], services: CurrentServices
    ) -> Response:
        """Send the browser to the provider."""
        provider, next_address = _named(services, name), checked_next(form.next)
        if not self._pages.forms.is_own(request, "sign_in", form.form_token):
            return await self._sign_in.sign_in_page(request, services, next_address, refusal=EXPIRED)
        try:
            target = await provider_of(services).federated_login.visits.begin(
                provider,
                self._pages.cookies.read(request, Cookie.BROWSER) or "",
                next_address=next_address,
                is_kept=bool(form.stay),
                asks_again=await self._asks_again(request, services, next_address),
            )
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._sign_in.sign_in_page(request, services, next_address, refusal=refusal.detail)
        return self._pages.send_to(target, is_form=True)

    async def come_back(self, name: str, request: Request, services: CurrentServices) -> Response:
        """Begin the session of the browser for the account of the identity, or link the identity."""
        provider, visits = _named(services, name), provider_of(services).federated_login.visits
        next_address = ""
        try:
            answer, state = _read_answer(request)
            asked = visits.read(provider, self._pages.cookies.read(request, Cookie.BROWSER) or "", state)
            next_address = asked.next
            identity = await visits.finish(provider, asked, answer)
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._sign_in.sign_in_page(request, services, next_address, refusal=refusal.detail)
        if asked.linking is not None:
            return await self._identities.link(request, services, provider, identity, asked.linking)
        return await self._signed_in(request, services, provider, identity, asked)

    async def _signed_in(
        self,
        request: Request,
        services: Services,
        provider: LoginProvider,
        identity: VerifiedIdentity,
        asked: LoginRequest,
    ) -> Response:
        visit = self._sign_in.visit(request, services, asked.next, is_kept=asked.is_kept, is_form=False)
        try:
            parameters = await self._sign_in.asked(request, services, visit.next)
            async with waiting_client(request) as client:
                by = SigningBrowser(
                    stay=visit.stay,
                    client=client,
                    user_agent=request.headers.get("user-agent"),
                    device_token=visit.device_token,
                    trusts_device=not needs_second_factor(parameters),
                )
                signed_in = await provider_of(services).federated_login.sign_in(provider.name, identity, by)
        except SecondFactorRequiredError as due:
            return await self._sign_in.second_factor_page(visit, str(due.members["mfa_token"]))
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._sign_in.sign_in_page(request, services, visit.next, refusal=refusal.detail)
        return await self._sign_in.signed_in(visit, signed_in)

    async def _asks_again(self, request: Request, services: Services, next_address: str) -> bool:
        """Tell whether the person is to sign in there anew: the application or the page wants a recent proof."""
        if next_address == IDENTITIES:
            return True
        try:
            asked = await self._sign_in.asked(request, services, next_address)
        except UNANSWERED:
            return False
        values = {} if asked is None else asked.values
        return "max_age" in values or "login" in values.get("prompt", "").split()


def _named(services: Services, name: str) -> LoginProvider:
    """Return the provider of an address. Raises ``NotFoundError``."""
    found = provider_of(services).federated_login.visits.find(name)
    if found is None:
        raise NotFoundError
    return found


def _read_answer(request: Request) -> tuple[ProviderAnswer, str]:
    """Return with what a browser came back, and the state. Raises ``InvalidProviderAnswerError``."""
    try:
        parameters = read_query(query_of(request))
    except InvalidAuthorizationError as error:
        raise InvalidProviderAnswerError from error
    values = parameters.values
    if parameters.repeated:
        raise InvalidProviderAnswerError
    return ProviderAnswer(values.get("code"), values.get("error"), values.get("iss")), values.get("state", "")
