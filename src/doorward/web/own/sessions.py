"""The page of sessions: the user's live sessions, and how to end them."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.api.waiting_client import waiting_client
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import SessionNotFoundError
from doorward.domain.auth.models import ListedSession
from doorward.domain.auth.sessions.browser_session import ListedBrowser
from doorward.domain.auth.sessions.continuation import cookies_of
from doorward.web.forms import EndSessionForm, PageForm, SignedInPage
from doorward.web.own.devices import device_name
from doorward.web.own.visits import Done, OwnPage, OwnPages, Visit
from doorward.web.own.words import read_id, shown_moment


class SessionsPage(OwnPage):
    """The sessions of browsers, and those of applications and API clients."""

    name = SignedInPage.SESSIONS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the sessions in two lists."""
        listing = visit.services.own_account.session_listing
        browsers = [_browser(visit, each) for each in await listing.list_browsers(visit.caller)]
        others = [_other(visit, each) for each in await listing.list(visit.caller)]
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

        async def act(visit: Visit) -> Done:
            session_id = read_id(form.session_id, SessionNotFoundError)
            await services.own_account.session_ending.end(visit.caller, session_id)
            return Done("session")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def end_others_by_form(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """End all other sessions. The current one continues with a new id."""

        async def act(visit: Visit) -> Done:
            async with waiting_client(request) as client:
                session = await services.own_account.session_ending.end_others_and_go_on(
                    visit.caller, client=client, user_agent=visit.user_agent
                )
            return Done("others", cookies_of(session))

        return await self._own.act(self._page, request, services, form.form_token, act)


def _browser(visit: Visit, session: ListedBrowser) -> Mapping[str, object]:
    return {
        "id": session.id,
        "name": device_name(session.user_agent) if session.user_agent else visit.texts("sessions.unknown_device"),
        "since": shown_moment(session.created_at),
        "used": shown_moment(session.seen_at),
        "address": session.address,
        "is_current": session.id == visit.caller.session_id,
    }


def _other(visit: Visit, session: ListedSession) -> Mapping[str, object]:
    return {
        "id": session.id,
        "name": session.application or device_name(session.user_agent or "") or visit.texts("sessions.own_login"),
        "since": shown_moment(session.created_at),
        "used": shown_moment(session.refreshed_at),
        "address": session.address,
        "is_current": False,
    }
