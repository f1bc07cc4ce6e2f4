"""Common parts of pages with cookies: rendering and redirects."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from doorward.api.links import own_address
from doorward.api.policy import PUBLIC, ContentPolicy, ErrorFormat, RoutePolicy
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.authorization import IssuedCode, RequestParameters
from doorward.domain.oauth.authorization_request import RefusedAuthorization, Reply
from doorward.domain.oauth.exceptions import InvalidAuthorizationError, PushedRequestOverError
from doorward.domain.oauth.registration_exceptions import ClientDocumentError, SelfRegistrationFullError
from doorward.web.cookies import Cookie, Cookies
from doorward.web.form_tokens import FormTokens
from doorward.web.page_features import PageFeatures
from doorward.web.provider.parameters import read_query, with_parameters
from doorward.web.rendering import NOTHING, Pages
from doorward.web.texts import texts_of

ERRORS_WITHOUT_REDIRECT: Final = (
    InvalidAuthorizationError,
    PushedRequestOverError,
    ClientDocumentError,
    SelfRegistrationFullError,
)
"""Refusals of authorization requests that are shown on a page, without a redirect to the application."""

SECOND_FACTOR: Final = "/account/second-factor"
LOST_DEVICE: Final = "/account/lost-device"
CHOOSE: Final = "/account/choose"
CONSENT: Final = "/account/consent"
BAD_REQUEST: Final = 400
FOUND: Final = 302
SEE_OTHER: Final = 303


def page_policy(content: ContentPolicy, limit: LimitedCall = LimitedCall.AUTHORIZE) -> RoutePolicy:
    """Return the policy of a page, or of a form that an application may also send."""
    return RoutePolicy(PUBLIC, errors=ErrorFormat.PAGE, content=content, limit_of_address=limit)


def form_policy(content: ContentPolicy, limit: LimitedCall = LimitedCall.AUTHORIZE) -> RoutePolicy:
    """Return the policy of a form that only a page of the service may send."""
    return replace(page_policy(content, limit), is_page_form=True)


class ProviderPages:
    """Renders pages, and redirects browsers."""

    def __init__(self, pages: Pages, cookies: Cookies, form_tokens: FormTokens, features: PageFeatures) -> None:
        self._pages = pages
        self.cookies = cookies
        self.form_tokens = form_tokens
        self.features = features

    def page(self, request: Request, name: str, *, status: int = 200, **values: object) -> Response:
        """Return a page without a form."""
        return self._pages.page(request, name, status=status, **values)

    def form_page(
        self,
        request: Request,
        name: str,
        *,
        status: int = 200,
        form: str | None = None,
        fields: Mapping[str, str] | None = None,
        common: Mapping[str, object] = NOTHING,
        **values: object,
    ) -> Response:
        """Return a page with forms that only this browser can send. Their token is for ``form``, or else for ``name``.

        ``fields`` are additional hidden fields of all forms, ``common`` are values that several pages share.
        """
        browser = self.cookies.browser(request)
        token = self.form_tokens.create(request, browser, form or name)
        hidden = {"form_token": token, **(fields or {})}
        values = {**common, **values, "form_token": token, "fields": hidden}
        response = HTMLResponse(self._pages.render(texts_of(request), name, **values), status)
        self.cookies.set(response, Cookie.BROWSER, browser)
        return response

    def finished(
        self,
        request: Request,
        what: str,
        *,
        facts: Mapping[str, object] = NOTHING,
        onward: str = "",
        onward_words: str = "",
    ) -> Response:
        """Return the page with the result, whose text has the key ``what``, and a link to ``onward``."""
        return self._pages.finished(request, what, facts=facts, onward=onward, onward_words=onward_words)

    def error_page(self, request: Request, error: DomainError) -> Response:
        """Return the page for a refused request that gets no redirect to the application."""
        detail = texts_of(request).refusal(error)
        return self.page(request, "authorization_error", status=BAD_REQUEST, detail=detail)

    def read_parameters(self, request: Request, query: str) -> RequestParameters:
        """Return the parameters of a query string from the address or from a form field.

        Raises ``InvalidAuthorizationError``.
        """
        return read_query(query, self.cookies.read(request, Cookie.BROWSER) or "")

    def redirect(self, request: Request, address: str, *, is_form: bool) -> Response:
        """Redirect the browser to an address of the service."""
        target = own_address(request, address)
        return self.redirect_by_refresh(request, target) if is_form else RedirectResponse(target, SEE_OTHER)

    def redirect_by_refresh(self, request: Request, target: str) -> Response:
        """Answer a form with a page that forwards the browser to another address.

        It is not an HTTP redirect because Chromium applies ``form-action`` to the targets of redirects, too.
        """
        return self.page(request, "forward", target=target)

    def redirect_with_result(
        self, request: Request, issuer: str, outcome: IssuedCode | RefusedAuthorization, *, is_form: bool
    ) -> Response:
        """Redirect the browser to the application with a code or an error (RFC 6749 section 4.1.2, RFC 9207)."""
        if isinstance(outcome, IssuedCode):
            reply, parameters = outcome.request.reply, {"code": outcome.code}
        else:
            reply, parameters = outcome.reply, {"error": outcome.error, "error_description": outcome.description}
        state = {} if reply.state is None else {"state": reply.state}
        return self._send_back(request, reply, {**parameters, **state, "iss": issuer}, is_form=is_form)

    def _send_back(self, request: Request, reply: Reply, parameters: Mapping[str, str], *, is_form: bool) -> Response:
        if reply.mode == "form_post":
            return self.page(request, "form_post", action=reply.redirect_uri, fields=parameters)
        return self.redirect_to_other_site(request, with_parameters(reply.redirect_uri, parameters), is_form=is_form)

    def redirect_to_other_site(self, request: Request, target: str, *, is_form: bool) -> Response:
        """Redirect the browser to an address of an application or of another provider."""
        return self.redirect_by_refresh(request, target) if is_form else RedirectResponse(target, FOUND)
