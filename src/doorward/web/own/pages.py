"""Common parts of the pages of the own account: the signed-in user, and the processing of forms.

A form is answered by a redirect to its page, so that a reload or the back button repeats nothing. A cookie holds the
result until it is shown. Secrets that are shown only once are in the response to the form itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta
from typing import ClassVar, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from doorward.api.caller_checks import note_checked
from doorward.api.exceptions import InsufficientScopeError
from doorward.api.links import own_address
from doorward.api.policy import ACCOUNT as ACCESS_TO_ACCOUNT
from doorward.api.policy import FRESH_ACCOUNT, ContentPolicy, InBrowser, NeedsScope
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller, caller_in_browser
from doorward.domain.auth.exceptions import InvalidAccessTokenError, ReauthenticationRequiredError
from doorward.domain.auth.factors.exceptions import SecondFactorNeededError
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import DEVICE_KEPT, Cookie
from doorward.web.forms import AdminPage, SignedInPage
from doorward.web.own.access import access_in_browser, require_in_browser
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import SEE_OTHER, ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import with_parameters
from doorward.web.rendering import NOTHING, SIGN_IN, raise_service_errors
from doorward.web.texts import TEXTS, UI_LOCALES, Texts, texts_of

ACCOUNT: Final = "/account"
FORBIDDEN: Final = 403
FLASH_MESSAGE_LIFETIME: Final = timedelta(minutes=1)
SHOWN: Final = page_policy(ContentPolicy.SIGN_IN, LimitedCall.AUTHORIZE)


@frozen
class PageContext:
    """A request of a signed-in user."""

    request: Request
    services: Services
    caller: Caller
    texts: Texts

    @property
    def user_agent(self) -> str | None:
        """The header field ``User-Agent``."""
        return self.request.headers.get("user-agent")


@frozen
class FormResult:
    """The result of a form: the key of its text, and the new session if the form has replaced the session.

    ``codes`` are shown only once. ``page`` is the page to continue at, if it is not the form's own.
    """

    what: str
    session: SignedIn | None = None
    codes: Sequence[str] = field(default=(), repr=False)
    page: "OwnPage | None" = None


class OwnPage(ABC):
    """A page that requires a sign-in. The defaults are those of the own account."""

    name: ClassVar[SignedInPage | AdminPage]
    """The name of the page, to which its forms are bound."""
    access: ClassVar[NeedsScope] = ACCESS_TO_ACCOUNT

    @property
    def path(self) -> str:
        """The path of the page, without a query."""
        return f"{ACCOUNT}/{self.name}"

    @property
    def address(self) -> str:
        """The address of the page, with the id of its row if it shows one."""
        return self.path

    @property
    def template(self) -> str:
        """The name of its template."""
        return f"own_{self.name.replace('-', '_')}"

    def at(self, request: Request) -> "OwnPage":  # noqa: ARG002 - most pages are the same for all requests
        """Return the page for a request."""
        return self

    @abstractmethod
    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the values that the page's template shows."""


Act = Callable[[PageContext], Awaitable[FormResult | Response]]


class OwnPages:
    """Renders pages for signed-in users, and processes their forms."""

    folder: ClassVar[str] = ACCOUNT

    def __init__(self, pages: ProviderPages) -> None:
        self._pages = pages

    def front(self) -> Call:
        """Return the route of the common parent path."""

        async def open_account(request: Request) -> Response:
            """Redirect to the first page."""
            return self._pages.redirect(request, f"{ACCOUNT}/{SignedInPage.OVERVIEW}", is_form=False)

        return Call("GET", ACCOUNT, open_account, SHOWN)

    def shown(self, page: OwnPage) -> Call:
        """Return the route that shows a page."""

        async def show_own_page(request: Request, services: CurrentServices) -> Response:
            """Show the page, or redirect to the sign-in."""
            requested = page.at(request)
            context = await self._find_context(request, services)
            if context is None:
                return self._sign_in(request, requested)
            return await self._admitted(requested, context, self._show(requested, context))

        policy = replace(SHOWN, access=InBrowser(page.access))
        return Call("GET", page.path, show_own_page, policy, is_guarded=True)

    def form(
        self,
        page: OwnPage,
        name: str,
        limit: LimitedCall,
        function: Callable[..., Awaitable[Response]],
        access: NeedsScope = FRESH_ACCOUNT,
    ) -> Sequence[Call]:
        """Return the routes of a form that requires this access. GET, as from the history, redirects to the page."""

        async def open_form(request: Request) -> Response:
            """Redirect to the page of the form."""
            return self._pages.redirect(request, page.path, is_form=False)

        policy = replace(form_policy(ContentPolicy.SIGN_IN, limit), access=InBrowser(access))
        path = f"{self.folder}/{name}"
        return [Call("GET", path, open_form, SHOWN), Call("POST", path, function, policy, is_guarded=True)]

    async def act(self, page: OwnPage, request: Request, services: Services, form_token: str, act: Act) -> Response:
        """Process a form, if the page has sent it and the user has the access that its route requires.

        A refusal is shown on the page. Without a session or a required recent authentication, redirect to the sign-in.
        """
        context = await self._find_context(request, services)
        if context is None:
            return self._sign_in(request, page)
        if not self._pages.form_tokens.is_valid(request, page.name, form_token):
            return await self._admitted(page, context, self._show(page, context, context.texts("page.expired")))
        return await self._admitted(page, context, self._carry_out(page, context, act, access_in_browser(request)))

    async def act_on_return(self, page: OwnPage, request: Request, services: Services, act: Act) -> Response:
        """Process the return from another service. The caller has checked that it belongs to this browser."""
        context = await self._find_context(request, services)
        if context is None:
            return self._sign_in(request, page)
        return await self._admitted(page, context, self._carry_out(page, context, act, ACCESS_TO_ACCOUNT))

    async def _find_context(self, request: Request, services: Services) -> PageContext | None:
        caller = await self.find_caller(request, services)
        return None if caller is None else PageContext(request, services, caller, texts_of(request))

    async def _admitted(self, page: OwnPage, context: PageContext, answer: Awaitable[Response]) -> Response:
        """Return the response, or a redirect to the sign-in, or the page that refuses a caller without the scope."""
        try:
            return await answer
        except InvalidAccessTokenError:
            return self._sign_in(context.request, page)
        except ReauthenticationRequiredError:
            return self._sign_in(context.request, page, proof=True)
        except (InsufficientScopeError, SecondFactorNeededError) as refusal:
            needs_factor = isinstance(refusal, SecondFactorNeededError)
            return self._pages.page(context.request, "admin_refused", status=FORBIDDEN, needs_factor=needs_factor)

    async def _carry_out(self, page: OwnPage, context: PageContext, act: Act, access: NeedsScope) -> Response:
        require_in_browser(context.request, context.caller, access, context.services)
        try:
            result = await act(context)
        except (InvalidAccessTokenError, ReauthenticationRequiredError):
            raise
        except DomainError as refusal:
            raise_service_errors(refusal)
            return await self._show(page, context, context.texts.refusal(refusal))
        return self._answer(page, context, result) if isinstance(result, FormResult) else result

    async def one_time_page(
        self, page: OwnPage, context: PageContext, name: str, *, status: int, values: Mapping[str, object]
    ) -> Response:
        """Return a page that is the response to a form and contains forms of ``page``."""
        common = {**await self.common(page, context), **values}
        return self._pages.form_page(context.request, name, form=page.name, status=status, common=common)

    def finished(
        self,
        request: Request,
        what: str,
        *,
        facts: Mapping[str, object] = NOTHING,
        onward: str = "",
        onward_words: str = "",
    ) -> Response:
        """Return the page after the end of the session, and remove the session's cookie."""
        response = self._pages.finished(request, what, facts=facts, onward=onward, onward_words=onward_words)
        self._pages.cookies.remove(response, Cookie.SESSION)
        return response

    async def end(self, request: Request, services: Services) -> None:
        """End the browser session. It is the one of the request's own cookie, so that no other access is needed."""
        note_checked(request.scope)
        await provider_of(services).browser_sessions.end(self._pages.cookies.read(request, Cookie.SESSION))

    def is_valid_token(self, request: Request, form_token: str) -> bool:
        """Return whether a form comes from any page of the own account or of administration."""
        return any(self._pages.form_tokens.is_valid(request, page, form_token) for page in (*SignedInPage, *AdminPage))

    @property
    def has_mail(self) -> bool:
        """Whether the service sends mail."""
        return self._pages.features.has_mail

    async def find_caller(self, request: Request, services: Services) -> Caller | None:
        """Return the user who is signed in in the browser, or None."""
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        session = await provider_of(services).browser_sessions.find(cookie)
        return None if session is None else caller_in_browser(session)

    async def _show(self, page: OwnPage, context: PageContext, refusal: str = "") -> Response:
        require_in_browser(context.request, context.caller, page.access, context.services)
        message_key = self._pages.cookies.read(context.request, Cookie.FLASH_MESSAGE) or ""
        done = message_key if not refusal and f"done.{message_key}" in TEXTS[context.texts.language] else ""
        response = self._pages.form_page(
            context.request,
            page.template,
            form=page.name,
            status=UNPROCESSABLE if refusal else 200,
            refusal=refusal,
            done=done,
            common={**await self.common(page, context), **await page.template_values(context)},
        )
        if message_key:
            self._pages.cookies.remove(response, Cookie.FLASH_MESSAGE)
        return response

    async def common(self, page: OwnPage, context: PageContext) -> Mapping[str, object]:
        """Return the values that all templates need."""
        sessions = provider_of(context.services).browser_sessions
        return {
            "pages": self._pages.features.own_pages,
            "administers": await sessions.administers(context.caller.browser_session),
            "here": page.name,
            "username": context.caller.user.username,
        }

    def _answer(self, page: OwnPage, context: PageContext, result: FormResult) -> Response:
        if result.codes:
            response = self._pages.page(
                context.request, "recovery_codes", done=result.what, codes=result.codes, here=page.name
            )
        else:
            response = RedirectResponse(_in_language(context.request, context.texts, result.page or page), SEE_OTHER)
            self._pages.cookies.set(response, Cookie.FLASH_MESSAGE, result.what, FLASH_MESSAGE_LIFETIME)
        if result.session is not None:
            self._pages.cookies.set(response, Cookie.SESSION, result.session.cookie, result.session.kept_for)
            self._pages.cookies.set(response, Cookie.DEVICE, result.session.device_token, DEVICE_KEPT)
        return response

    def _sign_in(self, request: Request, page: OwnPage, *, proof: bool = False) -> Response:
        """Redirect to the sign-in, which returns to the page. With ``proof`` it requires a new authentication."""
        note_checked(request.scope)
        language = texts_of(request).requested_language
        query = {"next": page.address, **({"proof": "1"} if proof else {})}
        query |= {UI_LOCALES: language} if language else {}
        return self._pages.redirect(request, f"{SIGN_IN}?{urlencode(query)}", is_form=False)


def _in_language(request: Request, texts: Texts, page: OwnPage) -> str:
    query = {UI_LOCALES: texts.requested_language} if texts.requested_language else {}
    return own_address(request, with_parameters(page.address, query))
