"""The page of second factors, and its forms. They work without a script.

Pages with a secret or codes are not cached by browsers and proxies, as all responses to forms.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.api.v1.second_factors import enrolment_of
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidSecondFactorError
from doorward.domain.auth.sessions.continuation import cookies_of
from doorward.domain.mfa.exceptions import SecondFactorsUnavailableError
from doorward.domain.mfa.models import Enrolment
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.forms import ConfirmApplicationForm, PageForm, SetUpApplicationForm, SignedInPage
from doorward.web.own.formatting import shown_day
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext

LOW_CODE_COUNT: Final = 3
"""With this number of recovery codes or fewer, the page recommends new ones."""
SECRET_GROUP_SIZE: Final = 4
"""Group size of the displayed secret, so that users do not lose their place while typing it."""


class SecondFactorsPage(OwnPage):
    """The second factors."""

    name = SignedInPage.SECOND_FACTORS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the factors."""
        services, caller = context.services, context.caller
        own = await services.second_factors.listing.list(caller)
        application = next((each for each in own.factors if each.kind == "totp"), None)
        is_available = services.second_factors.enrolment is not None
        return {
            "has_factor": caller.has_second_factor,
            "application": "" if application is None else shown_day(application.created_at),
            "obstacle": "" if is_available else context.texts.refusal(SecondFactorsUnavailableError()),
            "has_passkeys": services.passkeys is not None,
            "passkeys": [each for each in own.factors if each.kind == "passkey"],
            "codes_left": own.recovery_codes_left,
            "has_few_codes": own.recovery_codes_left <= LOW_CODE_COUNT,
        }


class SecondFactorForms:
    """The forms of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = SecondFactorsPage()

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        own, page, limit = self._own, self._page, LimitedCall.FACTORS
        return [
            own.shown(page),
            *own.form(page, "set-up-application", limit, self.set_up_application),
            *own.form(page, "confirm-application", limit, self.confirm_application, ACCOUNT),
            *own.form(page, "remove-application", limit, self.remove_application),
            *own.form(page, "make-recovery-codes", limit, self.make_codes_by_form),
        ]

    async def set_up_application(
        self, request: Request, form: FormBody[SetUpApplicationForm], services: CurrentServices
    ) -> Response:
        """Show a secret for an authenticator app, and ask for its code. Nothing is stored."""

        async def act(context: PageContext) -> Response:
            enrolment = await enrolment_of(services).begin(context.caller, replaces=form.replace)
            return await self._secret_page(context, enrolment)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def confirm_application(
        self, request: Request, form: FormBody[ConfirmApplicationForm], services: CurrentServices
    ) -> Response:
        """Store the authenticator app and show the recovery codes. If the code is wrong, show the secret again."""

        async def act(context: PageContext) -> FormResult | Response:
            enrolment = enrolment_of(services)
            try:
                async with watch_disconnect(request) as client:
                    enrolled = await enrolment.confirm(
                        context.caller, token=form.token, code=form.code, client=client, user_agent=context.user_agent
                    )
            except InvalidSecondFactorError as refusal:
                again = enrolment.show_again(context.caller, form.token)
                return await self._secret_page(context, again, context.texts.refusal(refusal))
            return FormResult("application", cookies_of(enrolled.session), enrolled.recovery_codes)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def remove_application(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """Remove the authenticator app."""

        async def act(context: PageContext) -> FormResult:
            async with watch_disconnect(request) as client:
                session = await enrolment_of(services).delete(
                    context.caller, client=client, user_agent=context.user_agent
                )
            return FormResult("application_removed", cookies_of(session))

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def make_codes_by_form(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """Generate new recovery codes, and show them."""

        async def act(context: PageContext) -> FormResult:
            codes = await services.second_factors.recovery_codes.make_again(context.caller)
            return FormResult("codes", codes=codes)

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def _secret_page(self, context: PageContext, enrolment: Enrolment, refusal: str = "") -> Response:
        draw = context.services.second_factors.draw_qr_code
        return await self._own.one_time_page(
            self._page,
            context,
            "set_up_application",
            status=UNPROCESSABLE if refusal else 200,
            values={
                "refusal": refusal,
                "done": "",
                "uri": enrolment.uri,
                "picture": "" if draw is None else await draw(enrolment.uri),
                "secret": _grouped(enrolment.secret),
                "token": enrolment.token,
            },
        )


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + SECRET_GROUP_SIZE] for start in range(0, len(secret), SECRET_GROUP_SIZE))
