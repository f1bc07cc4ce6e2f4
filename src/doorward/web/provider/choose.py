"""The page on which a user chooses the account for an application (``prompt=select_account``)."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.oauth.metadata import AUTHORIZE_PATH
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.domain.oauth.authorization_decision import AccountChoiceDue
from doorward.domain.oauth.authorization_request import RefusedAuthorization
from doorward.domain.oauth.sign_in_notes import CHOSEN_PARAMETER
from doorward.web.cookies import Cookie
from doorward.web.forms import DecisionForm
from doorward.web.provider.authorize import provider_of, sign_in_for
from doorward.web.provider.pages import CHOOSE, ERRORS_WITHOUT_REDIRECT, ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import query_of

TEMPLATE: Final = "choose_account"
OTHER: Final = "other"


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""

    async def show_choice(request: Request, services: CurrentServices) -> Response:
        """Show the choice, or redirect the browser if no choice is needed."""
        try:
            return await _ask(request, pages, provider_of(services), query_of(request), is_form=False)
        except ERRORS_WITHOUT_REDIRECT as error:
            return pages.error_page(request, error)

    async def choose_account(request: Request, form: FormBody[DecisionForm], services: CurrentServices) -> Response:
        """Continue with the signed-in account, or redirect to the sign-in with another one."""
        provider = provider_of(services)
        try:
            if not pages.form_tokens.is_valid(request, TEMPLATE, form.form_token):
                return await _ask(request, pages, provider, form.query, is_form=True)
            return await _chosen(request, pages, provider, form)
        except ERRORS_WITHOUT_REDIRECT as error:
            return pages.error_page(request, error)

    content = ContentPolicy.FORM
    return [
        Call("GET", CHOOSE, show_choice, page_policy(content)),
        Call("POST", CHOOSE, choose_account, form_policy(content)),
    ]


async def _ask(
    request: Request, pages: ProviderPages, provider: ProviderServices, query: str, *, is_form: bool
) -> Response:
    session = await provider.browser_sessions.find(pages.cookies.read(request, Cookie.SESSION))
    state = await provider.authorization.evaluate(pages.read_parameters(request, query), session)
    if isinstance(state, RefusedAuthorization) or not isinstance(state.decision, AccountChoiceDue):
        return pages.redirect(request, f"{AUTHORIZE_PATH}?{query}", is_form=is_form)
    username = state.decision.session.username
    return pages.form_page(request, TEMPLATE, fields={"query": query}, username=username)


async def _chosen(request: Request, pages: ProviderPages, provider: ProviderServices, form: DecisionForm) -> Response:
    asked = pages.read_parameters(request, form.query)
    session = await provider.browser_sessions.find(pages.cookies.read(request, Cookie.SESSION))
    if session is None or form.decision == OTHER:
        return pages.redirect(request, sign_in_for(provider, asked), is_form=True)
    note = {CHOSEN_PARAMETER: provider.authorization.choice(asked, session)}
    return pages.redirect(request, f"{AUTHORIZE_PATH}?{urlencode({**asked.values, **note})}", is_form=True)
