"""The page of sessions: the user's live sessions, and how to end them."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import SessionNotFoundError
from doorward.domain.auth.models import ListedSession
from doorward.domain.auth.sessions.browser_session import ListedBrowser
from doorward.domain.auth.sessions.continuation import cookies_of
from doorward.web.forms import EndSessionForm, PageForm, SignedInPage
from doorward.web.own.devices import device_name
from doorward.web.own.formatting import read_id, shown_moment
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext


class SessionsPage(OwnPage):
    """The sessions of browsers, and those of applications and API clients."""

    name = SignedInPage.SESSIONS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the sessions in two lists."""
        listing = context.services.own_account.session_listing
        browsers = [_browser(context, each) for each in await listing.list_browsers(context.caller)]
        others = [_other(context, each) for each in await listing.list(context.caller)]
        return {"lists": [("browsers", browsers), ("applications", others)]}


class SessionForms:
    """The forms of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = SessionsPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        own, page, limit = self._own, self._page, LimitedCall.SESSIONS
        return [
            own.shown(page),
            *own.form(page, "end-session", limit, self.end_session_by_form, ACCOUNT),
            *own.form(page, "end-other-sessions", limit, self.end_others_by_form, ACCOUNT),
        ]

    async def end_session_by_form(
        self, request: Request, form: FormBody[EndSessionForm], services: CurrentServices
    ) -> Response:
        """End one session of any kind."""

        async def act(context: PageContext) -> FormResult:
            session_id = read_id(form.session_id, SessionNotFoundError)
            await services.own_account.session_ending.end(context.caller, session_id)
            return FormResult("session")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def end_others_by_form(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """End all other sessions. The current one continues with a new id."""

        async def act(context: PageContext) -> FormResult:
            async with watch_disconnect(request) as client:
                session = await services.own_account.session_ending.end_others_and_go_on(
                    context.caller, client=client, user_agent=context.user_agent
                )
            return FormResult("others", cookies_of(session))

        return await self._own.act(self._page, request, services, form.form_token, act)


def _browser(context: PageContext, session: ListedBrowser) -> Mapping[str, object]:
    return {
        "id": session.id,
        "name": device_name(session.user_agent) if session.user_agent else context.texts("sessions.unknown_device"),
        "since": shown_moment(session.created_at),
        "used": shown_moment(session.seen_at),
        "address": session.address,
        "is_current": session.id == context.caller.session_id,
    }


def _other(context: PageContext, session: ListedSession) -> Mapping[str, object]:
    return {
        "id": session.id,
        "name": session.application or device_name(session.user_agent or "") or context.texts("sessions.own_login"),
        "since": shown_moment(session.created_at),
        "used": shown_moment(session.refreshed_at),
        "address": session.address,
        "is_current": False,
    }
