"""The forms of second factors: set up an application, remove it, make recovery codes. None of them needs a script.

Pages that show a secret or codes are kept by no browser and no proxy, as all answers of forms.
"""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.api.waiting_client import waiting_client
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidSecondFactorError
from doorward.domain.mfa.enrolment import TotpEnrolment
from doorward.domain.mfa.exceptions import SecondFactorsUnavailableError
from doorward.domain.mfa.models import Enrolment
from doorward.web.account_pages import SHOWN, acts, shows
from doorward.web.forms import ConfirmApplicationForm, SetUpApplicationForm, SignedInForm
from doorward.web.own_page import NOTHING, OwnPage, Told
from doorward.web.page_sessions import Changed, PageSessions
from doorward.web.rendering import Pages

SET_UP: Final = "/account/set-up-application"
CONFIRM: Final = "/account/confirm-application"
REMOVE: Final = "/account/remove-application"
MAKE_CODES: Final = "/account/make-recovery-codes"
LOST: Final = "/account/lost-device"
GROUP: Final = 4
"""Characters of the secret that are shown together: so a person sees what was typed already."""


class SecondFactorForms:
    """Each answers with the page of second factors, or with what is shown before or after it."""

    def __init__(self, pages: Pages, page: OwnPage, sessions: PageSessions) -> None:
        """Take what renders, the page, and what makes changes in its session."""
        self._pages = pages
        self._page = page
        self._sessions = sessions

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        own = acts(LimitedCall.FACTORS)
        return [
            Call("POST", SET_UP, self.set_up_application, own),
            Call("POST", CONFIRM, self.confirm_application, own),
            Call("POST", REMOVE, self.remove_application, own),
            Call("POST", MAKE_CODES, self.make_codes_by_form, own),
            Call("GET", LOST, shows(self._pages, "lost_device"), SHOWN),
        ]

    async def set_up_application(self, form: FormBody[SetUpApplicationForm], services: CurrentServices) -> Response:
        """Show a secret for an application, and ask for its code. Nothing is stored."""

        async def begin(caller: Caller) -> Response:
            enrolment = await _enrolment(services).begin(caller, replaces=form.replace)
            return await self._secret_page(services, form.access_token, enrolment)

        return await self._sessions.within(self._page, services, form.access_token, begin, needs_fresh_proof=True)

    async def confirm_application(
        self, request: Request, form: FormBody[ConfirmApplicationForm], services: CurrentServices
    ) -> Response:
        """Store the application whose code was typed, and show the recovery codes; or the secret again."""

        async def confirm(caller: Caller) -> Response:
            enrolment = _enrolment(services)
            try:
                async with waiting_client(request) as client:
                    agent = request.headers.get("user-agent")
                    enrolled = await enrolment.confirm(
                        caller, token=form.token, code=form.code, client=client, user_agent=agent
                    )
            except InvalidSecondFactorError as refusal:
                again = enrolment.show_again(caller, form.token)
                return await self._secret_page(services, form.access_token, again, Told(refusal=refusal))
            done = "The authenticator application is set up. You were signed out elsewhere."
            changed = Changed(enrolled.session.tokens.access_token, done, enrolled.recovery_codes)
            return await self._sessions.answer(self._page, services, changed)

        return await self._sessions.within(self._page, services, form.access_token, confirm)

    async def remove_application(
        self, request: Request, form: FormBody[SignedInForm], services: CurrentServices
    ) -> Response:
        """Remove the application."""

        async def remove(caller: Caller) -> Changed:
            async with waiting_client(request) as client:
                agent = request.headers.get("user-agent")
                begun = await _enrolment(services).remove(caller, client=client, user_agent=agent)
            done = "The authenticator application was removed. You were signed out elsewhere."
            return Changed(begun.tokens.access_token, done)

        return await self._sessions.change(self._page, services, form.access_token, remove)

    async def make_codes_by_form(self, form: FormBody[SignedInForm], services: CurrentServices) -> Response:
        """Make new recovery codes, and show them."""

        async def make(caller: Caller) -> Changed:
            codes = await services.second_factors.recovery_codes.make_again(caller)
            return Changed(form.access_token, "These are your new codes. Those from before are refused.", codes)

        return await self._sessions.change(self._page, services, form.access_token, make)

    async def _secret_page(
        self, services: Services, access_token: str, enrolment: Enrolment, told: Told = NOTHING
    ) -> Response:
        draw = services.second_factors.draw_qr_code
        return self._pages.page(
            "set_up_application",
            status=told.status,
            **told.words,
            uri=enrolment.uri,
            picture="" if draw is None else await draw(enrolment.uri),
            secret=_grouped(enrolment.secret),
            token=enrolment.token,
            access_token=access_token,
        )


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + GROUP] for start in range(0, len(secret), GROUP))


def _enrolment(services: Services) -> TotpEnrolment:
    """Return the use cases of applications. Raises ``SecondFactorsUnavailableError``."""
    if services.second_factors.enrolment is None:
        raise SecondFactorsUnavailableError
    return services.second_factors.enrolment
