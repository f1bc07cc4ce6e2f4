"""GET and POST /oauth/authorize: the authorization endpoint (RFC 6749 section 4.1.1)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response

from doorward.api.oauth.metadata import AUTHORIZE_PATH
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization import RequestParameters
from doorward.domain.oauth.authorization_decision import AccountChoiceDue, CodeDue, ConsentDue
from doorward.domain.oauth.authorization_request import RefusedAuthorization
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.sign_in_notes import ASKED_PARAMETER
from doorward.web.cookies import Cookie
from doorward.web.provider.pages import CHOOSE, CONSENT, ERRORS_WITHOUT_REDIRECT, ProviderPages, page_policy
from doorward.web.provider.parameters import query_of, query_of_form, read_query, with_parameters
from doorward.web.rendering import SIGN_IN

POLICY: Final = replace(page_policy(ContentPolicy.FORM_ELSEWHERE), checks_repetition_itself=True)
"""A repeated parameter is refused with a redirect to the application, if its client id and redirect URI are valid."""


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""

    async def authorize(request: Request, services: CurrentServices) -> Response:
        """Redirect the browser to the application with a code, or to the page that needs an input of the user."""
        provider = provider_of(services)
        try:
            browser = pages.cookies.browser(request)
            asked = read_query(query_of(request), browser)
            session = await provider.browser_sessions.find(pages.cookies.read(request, Cookie.SESSION))
            response = await _answer(request, pages, provider, asked, session)
        except ERRORS_WITHOUT_REDIRECT as error:
            return pages.error_page(request, error)
        if asked.names_pushed_request:
            # From now on the pushed request is bound to this browser.
            pages.cookies.set(response, Cookie.BROWSER, browser)
        return response

    async def authorize_by_form(request: Request) -> Response:
        """Redirect to the same request by GET, because browsers send no cookies with a form of another site."""
        return pages.redirect(request, f"{AUTHORIZE_PATH}?{await query_of_form(request)}", is_form=False)

    return [
        Call("GET", AUTHORIZE_PATH, authorize, POLICY),
        Call("POST", AUTHORIZE_PATH, authorize_by_form, POLICY),
    ]


async def _answer(
    request: Request,
    pages: ProviderPages,
    provider: ProviderServices,
    asked: RequestParameters,
    session: BrowserSession | None,
) -> Response:
    state = await provider.authorization.evaluate(asked, session)
    if isinstance(state, RefusedAuthorization):
        return pages.redirect_with_result(request, provider.issuer, state, is_form=False)
    decision = state.decision
    if isinstance(decision, CodeDue):
        issued = await provider.authorization.issue(state.request, decision.session)
        if issued is not None:
            return pages.redirect_with_result(request, provider.issuer, issued, is_form=False)
    if isinstance(decision, AccountChoiceDue | ConsentDue):
        page = CONSENT if isinstance(decision, ConsentDue) else CHOOSE
        return pages.redirect(request, with_parameters(page, asked.values), is_form=False)
    return pages.redirect(request, sign_in_for(provider, asked), is_form=False)


def sign_in_for(provider: ProviderServices, asked: RequestParameters) -> str:
    """Return the address of the sign-in for a request, with a note that the sign-in was requested."""
    note = {ASKED_PARAMETER: provider.authorization.note(asked)}
    again = f"{AUTHORIZE_PATH}?{urlencode({**asked.of_application, **note})}"
    return f"{SIGN_IN}?{urlencode({'next': again})}"


def provider_of(services: Services) -> ProviderServices:
    """Return the use cases of the provider. Raises ``InvalidAuthorizationError`` if it is off."""
    if services.provider is None:
        raise InvalidAuthorizationError
    return services.provider
