"""The page of linked identities at other OpenID providers: link one, or unlink it."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.ports import LimitedCall
from doorward.domain.federation.exceptions import IdentityNotFoundError, InvalidProviderAnswerError
from doorward.domain.federation.identities import identity_id
from doorward.domain.federation.login_models import LinkingSession, VerifiedIdentity
from doorward.domain.federation.ports import LoginProvider
from doorward.web.cookies import Cookie
from doorward.web.forms import LinkIdentityForm, SignedInPage, UnlinkIdentityForm
from doorward.web.own.formatting import read_id, shown_day
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import ProviderPages


class IdentitiesPage(OwnPage):
    """The linked identities, and the providers that can be linked."""

    name = SignedInPage.IDENTITIES

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the identities and the providers."""
        linked = await context.services.own_account.identities.list(context.caller.user_id)
        providers = provider_of(context.services).federated_login.redirects.providers
        labels = {each.issuer: each.label for each in providers}
        return {
            "linked": [
                {
                    "id": identity_id(each),
                    "label": labels.get(each.issuer, each.issuer),
                    "since": shown_day(each.created_at),
                }
                for each in linked
            ],
            "providers": providers,
        }


class IdentityForms:
    """The forms of the page, and the return from a provider."""

    def __init__(self, own: OwnPages, pages: ProviderPages) -> None:
        """Set the renderer of pages and forms, and that of redirects."""
        self._own = own
        self._pages = pages
        self._page = IdentitiesPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        return [
            self._own.shown(self._page),
            *self._own.form(self._page, "link-identity", LimitedCall.FACTORS, self.link_identity_by_form),
            *self._own.form(self._page, "unlink-identity", LimitedCall.FACTORS, self.unlink_identity_by_form),
        ]

    async def link_identity_by_form(
        self, request: Request, form: FormBody[LinkIdentityForm], services: CurrentServices
    ) -> Response:
        """Redirect the browser to the provider, from where it returns with the identity to link."""
        redirects = provider_of(services).federated_login.redirects

        async def act(context: PageContext) -> Response:
            provider = redirects.find(form.provider)
            if provider is None:
                raise InvalidProviderAnswerError
            await services.own_account.identities.require_linkable(context.caller)
            target = await redirects.begin(
                provider,
                self._pages.cookies.read(request, Cookie.BROWSER) or "",
                linking=LinkingSession(context.caller.user_id, context.caller.session_id),
            )
            return self._pages.redirect_to_other_site(request, target, is_form=True)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def link(
        self,
        request: Request,
        services: Services,
        provider: LoginProvider,
        identity: VerifiedIdentity,
        linking: LinkingSession,
    ) -> Response:
        """Link the identity with which the browser has returned, and show the linked identities."""

        async def act(context: PageContext) -> FormResult:
            await services.own_account.identities.link(context.caller, provider.name, identity, linking)
            return FormResult("identity_linked")

        return await self._own.act_on_return(self._page, request, services, act)

    async def unlink_identity_by_form(
        self, request: Request, form: FormBody[UnlinkIdentityForm], services: CurrentServices
    ) -> Response:
        """Unlink an identity."""

        async def act(context: PageContext) -> FormResult:
            number = read_id(form.identity_id, IdentityNotFoundError)
            await services.own_account.identities.unlink(context.caller, number)
            return FormResult("identity_unlinked")

        return await self._own.act(self._page, request, services, form.form_token, act)
