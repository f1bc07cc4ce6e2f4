"""The page of connected applications: the scopes that the user has granted, and how to revoke them."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.ports import LimitedCall
from doorward.web.forms import RemoveConsentForm, SignedInPage
from doorward.web.own.visits import Done, OwnPage, OwnPages, Visit
from doorward.web.own.words import shown_day
from doorward.web.provider.consent import words_of_scopes


class ApplicationsPage(OwnPage):
    """The applications with the scopes of each."""

    name = SignedInPage.APPLICATIONS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the consents."""
        consents = await visit.services.oauth.consents.list(visit.caller)
        return {
            "applications": [
                {
                    "client_id": each.client_id,
                    "name": each.name,
                    "since": shown_day(each.granted_at),
                    "scopes": words_of_scopes(visit.texts, each.scopes),
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

        async def act(visit: Visit) -> Done:
            await services.oauth.consents.revoke(visit.caller, form.client_id)
            return Done("consent")

        return await self._own.act(self._page, request, services, form.form_token, act)
