"""The page on which a person links identities at other providers with the account, and unlinks them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from doorward.api.bodies import FormBody
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.browser_session import BrowserSession
from doorward.domain.auth.exceptions import ReauthenticationRequiredError
from doorward.domain.auth.policy import is_fresh
from doorward.domain.federation.exceptions import IdentityNotFoundError, InvalidProviderAnswerError
from doorward.domain.federation.identities import identity_id
from doorward.domain.federation.login_models import LinkingSession, VerifiedIdentity
from doorward.domain.federation.ports import LoginProvider
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import Cookie
from doorward.web.forms import MAXIMUM_FIELD_LENGTH, PageForm
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import IDENTITIES, SIGN_IN, ProviderPages, form_policy, page_policy, raise_for_all

TEMPLATE: Final = "identities"


class IdentitiesForm(PageForm):
    """What is to be changed: the name of a provider to link, or the id of an identity to unlink."""

    link: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    unlink: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class IdentitiesPage:
    """The page's functions."""

    def __init__(self, pages: ProviderPages) -> None:
        self._pages = pages

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        changed = form_policy(ContentPolicy.FORM_ELSEWHERE, LimitedCall.FACTORS)
        return [
            Call("GET", IDENTITIES, self.show_identities, page_policy(ContentPolicy.FORM)),
            Call("POST", IDENTITIES, self.change_identities, changed),
        ]

    async def show_identities(self, request: Request, services: CurrentServices) -> Response:
        """Show what is linked, and what can be."""
        session = await self._session(request, services)
        if session is None:
            return self._sign_in_first(request, is_form=False)
        return await self._page(request, services, session)

    async def change_identities(
        self, request: Request, form: FormBody[IdentitiesForm], services: CurrentServices
    ) -> Response:
        """Send the browser to the provider to be linked, or unlink an identity: both by a fresh proof alone."""
        session = await self._session(request, services)
        if session is None:
            return self._sign_in_first(request, is_form=True)
        if not self._pages.forms.is_own(request, TEMPLATE, form.form_token):
            return await self._page(request, services, session)
        return await self._change(request, form, services, session)

    async def _change(
        self, request: Request, form: IdentitiesForm, services: Services, session: BrowserSession
    ) -> Response:
        try:
            if not is_fresh(session.authenticated_at, services.edge.clock.now()):
                raise ReauthenticationRequiredError  # noqa: TRY301 - answered as the use case's own
            if form.link:
                return await self._send_to(request, services, session, form.link)
            await self._unlink(request, services, form.unlink)
        except ReauthenticationRequiredError:
            return self._sign_in_first(request, is_form=True)
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._page(request, services, session, refusal=refusal.detail)
        return await self._page(request, services, session, done="The service is unlinked.")

    async def link(
        self,
        request: Request,
        services: Services,
        provider: LoginProvider,
        identity: VerifiedIdentity,
        linking: LinkingSession,
    ) -> Response:
        """Link an identity for a person who comes back from the provider, and show what is linked now."""
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        session, by = await self._session(request, services), provider_of(services).browser_sessions.read(cookie)
        if session is None or by is None:
            return self._sign_in_first(request, is_form=False)
        try:
            await services.own_account.identities.link(provider.name, identity, linking, by)
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._page(request, services, session, refusal=refusal.detail)
        return await self._page(request, services, session, done="The service is linked.")

    async def _session(self, request: Request, services: Services) -> BrowserSession | None:
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        return await provider_of(services).browser_sessions.find(cookie)

    def _sign_in_first(self, request: Request, *, is_form: bool) -> Response:
        return self._pages.go_on(request, f"{SIGN_IN}?{urlencode({'next': IDENTITIES})}", is_form=is_form)

    async def _send_to(self, request: Request, services: Services, session: BrowserSession, name: str) -> Response:
        visits = provider_of(services).federated_login.visits
        provider = visits.find(name)
        if provider is None:
            raise InvalidProviderAnswerError
        target = await visits.begin(
            provider,
            self._pages.cookies.read(request, Cookie.BROWSER) or "",
            linking=LinkingSession(session.user_id, session.id),
        )
        return self._pages.send_to(target, is_form=True)

    async def _unlink(self, request: Request, services: Services, number: str) -> None:
        by = provider_of(services).browser_sessions.read(self._pages.cookies.read(request, Cookie.SESSION))
        try:
            identity = UUID(number)
        except ValueError as error:
            raise IdentityNotFoundError from error
        if by is None:
            raise ReauthenticationRequiredError
        await services.own_account.identities.unlink_in_browser(by, identity)

    async def _page(
        self,
        request: Request,
        services: Services,
        session: BrowserSession,
        *,
        done: str = "",
        refusal: str | None = None,
    ) -> Response:
        linked = await services.own_account.identities.list(session.user_id)
        providers = provider_of(services).federated_login.visits.providers
        labels = {each.issuer: each.label for each in providers}
        return self._pages.form_page(
            request,
            TEMPLATE,
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=refusal,
            done=done,
            username=session.username,
            linked=[(str(identity_id(each)), labels.get(each.issuer, each.issuer), each) for each in linked],
            providers=providers,
        )
