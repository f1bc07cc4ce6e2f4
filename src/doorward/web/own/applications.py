"""The page of connected applications: the scopes that the user has granted, and how to revoke them."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.ports import LimitedCall
from doorward.web.forms import RemoveConsentForm, SignedInPage
from doorward.web.own.formatting import shown_day
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext
from doorward.web.provider.consent import scope_descriptions


class ApplicationsPage(OwnPage):
    """The applications with the scopes of each."""

    name = SignedInPage.APPLICATIONS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the consents."""
        consents = await context.services.oauth.consents.list(context.caller)
        return {
            "applications": [
                {
                    "client_id": each.client_id,
                    "name": each.name,
                    "since": shown_day(each.granted_at),
                    "scopes": scope_descriptions(context.texts, each.scopes),
                }
                for each in consents
            ]
        }


class ApplicationForms:
    """The form of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = ApplicationsPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        form = self._own.form(self._page, "remove-consent", LimitedCall.SESSIONS, self.remove_consent_by_form, ACCOUNT)
        return [self._own.shown(self._page), *form]

    async def remove_consent_by_form(
        self, request: Request, form: FormBody[RemoveConsentForm], services: CurrentServices
    ) -> Response:
        """Revoke the consent for an application."""

        async def act(context: PageContext) -> FormResult:
            await services.oauth.consents.revoke(context.caller, form.client_id)
            return FormResult("consent")

        return await self._own.act(self._page, request, services, form.form_token, act)
