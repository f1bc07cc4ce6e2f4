"""The page on which a user signs in on a device without a browser (RFC 8628 section 3.3)."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import Field

from doorward.api.admission import count_call
from doorward.api.bodies import FormBody
from doorward.api.oauth.device_authorization import PAGE
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call, route_of
from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.services import CurrentServices, Services
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.user_code import LONGEST_INPUT, read_user_code, shown
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import Cookie
from doorward.web.forms import MAXIMUM_DECISION_LENGTH, PageForm
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.consent import ALLOW, scope_descriptions
from doorward.web.provider.pages import ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import query_of, read_query
from doorward.web.provider.sign_in_forms import EXPIRED
from doorward.web.rendering import SIGN_IN
from doorward.web.texts import texts_of

ENTER: Final = "device"
CONFIRM: Final = "device_confirm"
WRONG: Final = "device.wrong"
OVER: Final = "device.over"


class DeviceForm(PageForm):
    """The code that the user has entered, and in the second step the decision about the device."""

    user_code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    decision: str = Field("", max_length=MAXIMUM_DECISION_LENGTH)


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    device = _DevicePages(pages)
    content = ContentPolicy.FORM
    return [
        Call("GET", PAGE, device.show_device, page_policy(content)),
        Call("POST", PAGE, device.decide_device, form_policy(content)),
    ]


@frozen
class _DevicePages:
    pages: ProviderPages

    async def show_device(self, request: Request, services: CurrentServices) -> Response:
        """Show the form for the code. A code in the address is filled in, but not submitted."""
        provider = provider_of(services)
        try:
            typed = read_query(query_of(request)).values.get("user_code", "")[:LONGEST_INPUT]
        except InvalidAuthorizationError as error:
            return self.pages.error_page(request, error)
        session = await self._session(request, provider)
        if session is None:
            return self._sign_in(request, typed, is_form=False)
        return self._enter(request, session, typed)

    async def decide_device(self, request: Request, form: FormBody[DeviceForm], services: CurrentServices) -> Response:
        """Show the device of the code, and in the second step apply the user's decision.

        The form of the decision is bound to the code that was shown to this browser, so it cannot be used to guess
        codes.
        """
        provider = provider_of(services)
        session = await self._session(request, provider)
        if session is None:
            return self._sign_in(request, form.user_code, is_form=True)
        if form.decision:
            return await self._decide(request, provider, session, form)
        if not self.pages.form_tokens.is_valid(request, ENTER, form.form_token):
            return self._enter(request, session, form.user_code, EXPIRED)
        return await self._confirm(request, services, provider, session, form.user_code)

    async def _confirm(
        self,
        request: Request,
        services: Services,
        provider: ProviderServices,
        session: BrowserSession,
        typed: str,
    ) -> Response:
        await count_call(LimitedCall.USER_CODE, route_of(request), services.edge, caller=f"user {session.user_id}")
        waiting, user_code = await provider.devices.find(typed), read_user_code(typed)
        if waiting is None or user_code is None:
            return self._enter(request, session, typed, WRONG)
        return self.pages.form_page(
            request,
            CONFIRM,
            form=_form_of(user_code),
            application=waiting.name,
            username=session.username,
            user_code=shown(user_code),
            scopes=scope_descriptions(texts_of(request), waiting.scopes),
            fields={"user_code": shown(user_code)},
        )

    async def _decide(
        self, request: Request, provider: ProviderServices, session: BrowserSession, form: DeviceForm
    ) -> Response:
        user_code = read_user_code(form.user_code)
        if user_code is None or not self.pages.form_tokens.is_valid(request, _form_of(user_code), form.form_token):
            return self._enter(request, session, form.user_code, EXPIRED)
        if form.decision == ALLOW:
            decided = await provider.devices.approve(user_code, session)
            done = "device.approved"
        else:
            decided = await provider.devices.deny(user_code, session)
            done = "device.denied"
        if decided is None:
            return self._enter(request, session, "", OVER)
        return self.pages.finished(request, done)

    def _enter(self, request: Request, session: BrowserSession, typed: str, refusal: str | None = None) -> Response:
        """Show the form for the code. ``refusal`` is the key of the text that says why a code was refused."""
        return self.pages.form_page(
            request,
            ENTER,
            status=200 if refusal is None else UNPROCESSABLE,
            refusal=None if refusal is None else texts_of(request)(refusal),
            username=session.username,
            user_code=typed[:LONGEST_INPUT],
        )

    def _sign_in(self, request: Request, typed: str, *, is_form: bool) -> Response:
        user_code = read_user_code(typed)
        again = PAGE if user_code is None else f"{PAGE}?{urlencode({'user_code': shown(user_code)})}"
        return self.pages.redirect(request, f"{SIGN_IN}?{urlencode({'next': again})}", is_form=is_form)

    async def _session(self, request: Request, provider: ProviderServices) -> BrowserSession | None:
        return await provider.browser_sessions.find(self.pages.cookies.read(request, Cookie.SESSION))


def _form_of(user_code: str) -> str:
    """Return the name of the form with the decision about one device."""
    return f"{CONFIRM} {user_code}"
