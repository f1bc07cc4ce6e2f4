"""GET and POST /oauth/logout: sign-out requested by an application (OpenID Connect RP-Initiated Logout 1.0)."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.oauth.metadata import LOGOUT_PATH
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.frozen import frozen
from doorward.domain.oauth.exceptions import InvalidAuthorizationError, InvalidLogoutError
from doorward.domain.oauth.logout import LogoutRequest
from doorward.web.cookies import Cookie
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import ProviderPages, page_policy
from doorward.web.provider.parameters import query_of, query_of_form, read_query, with_parameters

TEMPLATE: Final = "sign_out"


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    logout = _LogoutPages(pages)
    policy = page_policy(ContentPolicy.FORM)
    return [
        Call("GET", LOGOUT_PATH, logout.show_logout, policy),
        Call("POST", LOGOUT_PATH, logout.log_out_by_form, policy),
    ]


@frozen
class _LogoutPages:
    pages: ProviderPages

    async def show_logout(self, request: Request, services: CurrentServices) -> Response:
        """End the browser session if the application has identified it; otherwise ask for confirmation."""
        provider, query = provider_of(services), query_of(request)
        try:
            asked = await provider.logout.read(read_query(query))
        except (InvalidLogoutError, InvalidAuthorizationError) as error:
            return self.pages.error_page(request, error)
        session = await provider.browser_sessions.find(self.pages.cookies.read(request, Cookie.SESSION))
        if session is not None and not asked.names_user_of(session):
            application = asked.client.name if asked.client else ""
            return self.pages.form_page(
                request, TEMPLATE, query=query, username=session.username, application=application
            )
        return await self._ended(request, provider, asked, is_form=False)

    async def log_out_by_form(self, request: Request, services: CurrentServices) -> Response:
        """End the session if the page has sent the form. For an application's form, redirect to GET to get cookies."""
        body = await query_of_form(request)
        try:
            parameters = read_query(body)
            form_token, query = parameters.values.get("form_token", ""), parameters.values.get("query", "")
            if not self.pages.form_tokens.is_valid(request, TEMPLATE, form_token):
                return self.pages.redirect(request, f"{LOGOUT_PATH}?{query or body}", is_form=False)
            provider = provider_of(services)
            asked = await provider.logout.read(read_query(query))
        except (InvalidLogoutError, InvalidAuthorizationError) as error:
            return self.pages.error_page(request, error)
        return await self._ended(request, provider, asked, is_form=True)

    async def _ended(
        self, request: Request, provider: ProviderServices, asked: LogoutRequest, *, is_form: bool
    ) -> Response:
        await provider.browser_sessions.end(self.pages.cookies.read(request, Cookie.SESSION))
        if asked.redirect_uri is None:
            response = self.pages.finished(request, "sign_out.done")
        else:
            target = with_parameters(asked.redirect_uri, {} if asked.state is None else {"state": asked.state})
            response = self.pages.redirect_to_other_site(request, target, is_form=is_form)
        self.pages.cookies.remove(response, Cookie.SESSION)
        return response
