"""What the pages of the provider have in common: how they are rendered, and how a browser is sent on from one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from doorward.api.links import own_address
from doorward.api.policy import PUBLIC, Cache, ContentPolicy, ErrorDialect, RoutePolicy
from doorward.api.routing import Call
from doorward.core.exceptions import DomainError, Kind
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.authorization import AskedParameters, IssuedCode
from doorward.domain.oauth.authorization_request import RefusedAuthorization, Reply
from doorward.domain.oauth.exceptions import InvalidAuthorizationError, PushedRequestOverError
from doorward.domain.oauth.registration_exceptions import ClientDocumentError, SelfRegistrationFullError
from doorward.web.cookies import Cookie, Cookies
from doorward.web.own_forms import OwnForms
from doorward.web.provider.parameters import read_query, with_parameters
from doorward.web.rendering import Pages, static_file

UNANSWERED: Final = (
    InvalidAuthorizationError,
    PushedRequestOverError,
    ClientDocumentError,
    SelfRegistrationFullError,
)
"""Refusals of requests for authorization that no application is told of: the browser is sent nowhere."""

SIGN_IN: Final = "/account/sign-in"
SECOND_FACTOR: Final = "/account/second-factor"
CONSENT: Final = "/account/consent"
IDENTITIES: Final = "/account/identities"
SUBMIT_SCRIPT: Final = "/account/static/submit.js"
BAD_REQUEST: Final = 400
FOUND: Final = 302
SEE_OTHER: Final = 303


def page_policy(content: ContentPolicy, limit: LimitedCall = LimitedCall.AUTHORIZE) -> RoutePolicy:
    """Return the policy of a page, and of a form that an application may send, too."""
    return RoutePolicy(PUBLIC, errors=ErrorDialect.PAGE, content=content, limit_of_address=limit)


def form_policy(content: ContentPolicy, limit: LimitedCall = LimitedCall.AUTHORIZE) -> RoutePolicy:
    """Return the policy of a form that only a page of the service sends."""
    return replace(page_policy(content, limit), is_page_form=True)


def submit_script() -> Call:
    """Return the call of the script that sends a form on to an application."""
    content = static_file("submit.js")

    async def send_submit_script() -> Response:
        """Return the script."""
        return Response(content, media_type="text/javascript")

    policy = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_DAY, content=ContentPolicy.PAGE)
    return Call("GET", SUBMIT_SCRIPT, send_submit_script, policy)


class ProviderPages:
    """Renders pages, and sends browsers on."""

    def __init__(self, pages: Pages, cookies: Cookies, forms: OwnForms) -> None:
        self._pages = pages
        self.cookies = cookies
        self.forms = forms

    def page(self, name: str, *, status: int = 200, **words: object) -> Response:
        """Return a page without a form."""
        return self._pages.page(name, status=status, **words)

    def form_page(
        self, request: Request, name: str, *, status: int = 200, form: str | None = None, **words: object
    ) -> Response:
        """Return a page with a form, which only this browser can send. The form has the page's name, or another."""
        browser = self.cookies.browser(request)
        words["form_token"] = self.forms.token(request, browser, form or name)
        response = self._pages.page(name, status=status, **words)
        self.cookies.set(response, Cookie.BROWSER, browser)
        return response

    def error_page(self, error: DomainError) -> Response:
        """Return the page of a request that is answered nowhere else."""
        return self.page("authorization_error", status=BAD_REQUEST, detail=error.detail)

    def asked(self, request: Request, query: str) -> AskedParameters:
        """Return the parameters that a browser brought in a query string, in its address or in a form.

        Raises ``InvalidAuthorizationError``.
        """
        return read_query(query, self.cookies.read(request, Cookie.BROWSER) or "")

    def go_on(self, request: Request, address: str, *, is_form: bool) -> Response:
        """Send the browser on to an address of the service."""
        target = own_address(request, address)
        return self.forward(target) if is_form else RedirectResponse(target, SEE_OTHER)

    def forward(self, target: str) -> Response:
        """Have the browser go on from a form.

        Not by a redirect: Chromium applies the policy for forms also to where their answers redirect to.
        """
        return self.page("forward", target=target)

    def answer(self, issuer: str, outcome: IssuedCode | RefusedAuthorization, *, is_form: bool) -> Response:
        """Send the browser back to the application, with a code or an error (RFC 6749 section 4.1.2, RFC 9207)."""
        if isinstance(outcome, IssuedCode):
            reply, parameters = outcome.request.reply, {"code": outcome.code}
        else:
            reply, parameters = outcome.reply, {"error": outcome.error, "error_description": outcome.description}
        state = {} if reply.state is None else {"state": reply.state}
        return self._send_back(reply, {**parameters, **state, "iss": issuer}, is_form=is_form)

    def _send_back(self, reply: Reply, parameters: Mapping[str, str], *, is_form: bool) -> Response:
        if reply.mode == "form_post":
            return self.page("form_post", action=reply.redirect_uri, fields=parameters)
        return self.send_to(with_parameters(reply.redirect_uri, parameters), is_form=is_form)

    def send_to(self, target: str, *, is_form: bool) -> Response:
        """Send the browser to an address of an application."""
        return self.forward(target) if is_form else RedirectResponse(target, FOUND)


def raise_for_all(refusal: DomainError) -> None:
    """Raise again what the edge answers for all routes."""
    if refusal.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
        raise refusal
