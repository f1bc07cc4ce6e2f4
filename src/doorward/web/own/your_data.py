"""The page of a user's data: export it, or delete the account."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.links import own_address
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.api.temporary_files import FileOfAnswer
from doorward.api.v1.account_data import export_file
from doorward.core.ports import LimitedCall
from doorward.web.forms import PageForm, SignedInPage
from doorward.web.own.formatting import shown_day
from doorward.web.own.pages import OwnPage, OwnPages, PageContext


class DataPage(OwnPage):
    """The page with both forms."""

    name = SignedInPage.YOUR_DATA

    async def template_values(self, context: PageContext) -> Mapping[str, object]:  # noqa: ARG002 - same for all users
        """Return no values: the page is the same for all users."""
        return {}


class DataForms:
    """The forms of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = DataPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        own, page = self._own, self._page
        return [
            own.shown(page),
            *own.form(page, "download", LimitedCall.EXPORT, self.download_by_form),
            *own.form(page, "delete", LimitedCall.DELETION, self.delete_by_form),
        ]

    async def download_by_form(
        self,
        request: Request,
        form: FormBody[PageForm],
        services: CurrentServices,
        file: FileOfAnswer,
    ) -> Response:
        """Send all data stored about the user."""

        async def act(context: PageContext) -> Response:
            return await export_file(context.caller, services, file)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def delete_by_form(self, request: Request, form: FormBody[PageForm], services: CurrentServices) -> Response:
        """Deactivate the account at once, and delete it later."""

        async def act(context: PageContext) -> Response:
            due_at = await services.account_data.deletion.schedule(context.caller)
            return self._own.finished(
                request,
                "data.deleted",
                facts={"date": shown_day(due_at)},
                onward=own_address(request, "/account/restore") if self._own.has_mail else "",
                onward_words=context.texts("data.restore"),
            )

        return await self._own.act(self._page, request, services, form.form_token, act)
