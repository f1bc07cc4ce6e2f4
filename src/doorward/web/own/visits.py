"""What the pages of the own account have in common: who is signed in there, and how a form makes a change.

A form is answered by a redirect to its page, so that a reload or the back button repeats nothing; what was done is in a
cookie until it is shown. Secrets that are shown once are in the answer of the form itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from doorward.api.links import own_address
from doorward.api.policy import PUBLIC, ContentPolicy, ErrorDialect, RoutePolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.browser_sessions import SignedIn
from doorward.domain.auth.callers import Caller, caller_in_browser
from doorward.domain.auth.exceptions import InvalidAccessTokenError, ReauthenticationRequiredError
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import DEVICE_KEPT, Cookie
from doorward.web.forms import SignedInPage
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import NOTHING, SEE_OTHER, SIGN_IN, ProviderPages, page_policy, raise_for_all
from doorward.web.texts import TEXTS, UI_LOCALES, Texts, texts_of

ACCOUNT: Final = "/account"
TOLD_KEPT: Final = timedelta(minutes=1)
_SHOWN: Final = page_policy(ContentPolicy.SIGN_IN, LimitedCall.AUTHORIZE)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of a person who is signed in."""

    request: Request
    services: Services
    caller: Caller
    texts: Texts

    @property
    def user_agent(self) -> str | None:
        """What the browser says that it is."""
        return self.request.headers.get("user-agent")


@dataclass(frozen=True, slots=True)
class Done:
    """What a form has done, by the key of its text, and the cookies of the session that goes on, if it is another.

    ``codes`` are shown this once.
    """

    what: str
    session: SignedIn | None = None
    codes: Sequence[str] = ()


class OwnPage(ABC):
    """A page of the own account. Its template is ``own_<name>``."""

    name: ClassVar[SignedInPage]

    @abstractmethod
    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return what the page says of the account."""


Act = Callable[[Visit], Awaitable[Done | Response]]


class OwnPages:
    """Shows pages to whom they belong, and carries out their forms."""

    def __init__(self, pages: ProviderPages) -> None:
        self._pages = pages

    def front(self) -> Call:
        """Return the call of the address that all of them are below."""

        async def open_account(request: Request) -> Response:
            """Lead to the first page."""
            return self._pages.go_on(request, _address(SignedInPage.OVERVIEW), is_form=False)

        return Call("GET", ACCOUNT, open_account, _SHOWN)

    def shown(self, page: OwnPage) -> Call:
        """Return the call that shows a page."""

        async def show_own_page(request: Request, services: CurrentServices) -> Response:
            """Show the page, or have its person sign in first."""
            caller = await self._find_caller(request, services)
            if caller is None:
                return self._sign_in(request, page)
            visit = Visit(request, services, caller, texts_of(request))
            try:
                return await self._show(page, visit)
            except InvalidAccessTokenError:
                return self._sign_in(request, page)

        return Call("GET", _address(page.name), show_own_page, _SHOWN)

    def form(
        self, page: OwnPage, name: str, limit: LimitedCall, function: Callable[..., Awaitable[Response]]
    ) -> Sequence[Call]:
        """Return the calls of a form: opened from the history, its address leads to the page."""

        async def open_form(request: Request) -> Response:
            """Lead to the page of the form."""
            return self._pages.go_on(request, _address(page.name), is_form=False)

        policy = RoutePolicy(
            PUBLIC,
            errors=ErrorDialect.PAGE,
            content=ContentPolicy.SIGN_IN,
            limit_of_address=limit,
            is_page_form=True,
        )
        path = f"{ACCOUNT}/{name}"
        return [Call("GET", path, open_form, _SHOWN), Call("POST", path, function, policy)]

    async def act(
        self,
        page: OwnPage,
        request: Request,
        services: Services,
        form_token: str,
        act: Act,
        *,
        needs_fresh_proof: bool = True,
    ) -> Response:
        """Carry out a form, if it is the page's own and its person has proven a moment ago who is asking.

        A refusal is shown on the page. Without a session, or a fresh proof where one is needed, the person signs in.
        """
        caller = await self._find_caller(request, services)
        if caller is None:
            return self._sign_in(request, page)
        visit = Visit(request, services, caller, texts_of(request))
        try:
            if not self._pages.forms.is_own(request, page.name, form_token):
                return await self._show(page, visit, visit.texts("page.expired"))
            if needs_fresh_proof:
                services.own_account.reauthentication.require_fresh_proof(caller)
            done = await act(visit)
        except InvalidAccessTokenError:
            return self._sign_in(request, page)
        except ReauthenticationRequiredError:
            return self._sign_in(request, page, proof=True)
        except DomainError as refusal:
            raise_for_all(refusal)
            return await self._show(page, visit, visit.texts.refusal(refusal))
        return self._answer(page, visit, done) if isinstance(done, Done) else done

    async def shown_once(
        self, page: OwnPage, visit: Visit, name: str, *, status: int, words: Mapping[str, object]
    ) -> Response:
        """Return a page of a form's answer, which has forms of ``page`` in it."""
        return self._pages.form_page(
            visit.request, name, form=page.name, status=status, common={**self._common(page, visit), **words}
        )

    def finished(
        self,
        request: Request,
        what: str,
        *,
        facts: Mapping[str, object] = NOTHING,
        onward: str = "",
        onward_words: str = "",
    ) -> Response:
        """Return the page that says that the session has ended, and forget its cookie."""
        response = self._pages.finished(request, what, facts=facts, onward=onward, onward_words=onward_words)
        self._pages.cookies.remove(response, Cookie.SESSION)
        return response

    async def end(self, request: Request, services: Services) -> None:
        """End the session of the browser."""
        await provider_of(services).browser_sessions.end(self._pages.cookies.read(request, Cookie.SESSION))

    def is_own(self, request: Request, form_token: str) -> bool:
        """Tell whether a form comes from any page of the own account."""
        return any(self._pages.forms.is_own(request, page, form_token) for page in SignedInPage)

    @property
    def has_mail(self) -> bool:
        """Whether the service sends mail."""
        return self._pages.options.has_mail

    async def _find_caller(self, request: Request, services: Services) -> Caller | None:
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        session = await provider_of(services).browser_sessions.find(cookie)
        return None if session is None else caller_in_browser(session)

    async def _show(self, page: OwnPage, visit: Visit, refusal: str = "") -> Response:
        told = self._pages.cookies.read(visit.request, Cookie.TOLD) or ""
        done = told if not refusal and f"done.{told}" in TEXTS[visit.texts.language] else ""
        response = self._pages.form_page(
            visit.request,
            f"own_{page.name.replace('-', '_')}",
            form=page.name,
            status=UNPROCESSABLE if refusal else 200,
            refusal=refusal,
            done=done,
            common={**self._common(page, visit), **await page.words(visit)},
        )
        if told:
            self._pages.cookies.remove(response, Cookie.TOLD)
        return response

    def _common(self, page: OwnPage, visit: Visit) -> Mapping[str, object]:
        has_passkeys = self._pages.options.has_passkeys
        shown = [each for each in SignedInPage if has_passkeys or each is not SignedInPage.PASSKEYS]
        return {"pages": shown, "here": page.name, "username": visit.caller.user.username}

    def _answer(self, page: OwnPage, visit: Visit, done: Done) -> Response:
        if done.codes:
            response = self._pages.page(
                visit.request, "recovery_codes", done=done.what, codes=done.codes, here=page.name
            )
        else:
            response = RedirectResponse(_in_language(visit.request, visit.texts, page), SEE_OTHER)
            self._pages.cookies.set(response, Cookie.TOLD, done.what, TOLD_KEPT)
        if done.session is not None:
            self._pages.cookies.set(response, Cookie.SESSION, done.session.cookie, done.session.kept_for)
            self._pages.cookies.set(response, Cookie.DEVICE, done.session.device_token, DEVICE_KEPT)
        return response

    def _sign_in(self, request: Request, page: OwnPage, *, proof: bool = False) -> Response:
        """Have the person sign in, and come back to the page."""
        asked = texts_of(request).asked
        query = {"next": _address(page.name), **({"proof": "1"} if proof else {})}
        query |= {UI_LOCALES: asked} if asked else {}
        return self._pages.go_on(request, f"{SIGN_IN}?{urlencode(query)}", is_form=False)


def shown_day(moment: datetime) -> str:
    """Return a day as people of all languages read it."""
    return f"{moment:%Y-%m-%d}"


def shown_moment(moment: datetime) -> str:
    """Return a moment as people of all languages read it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def read_id(text: str, refusal: type[DomainError]) -> UUID:
    """Return which row is meant. Raises the refusal for what is no id."""
    try:
        return UUID(text)
    except ValueError as error:
        raise refusal from error


def _address(page: SignedInPage) -> str:
    return f"{ACCOUNT}/{page}"


def _in_language(request: Request, texts: Texts, page: OwnPage) -> str:
    query = f"?{urlencode({UI_LOCALES: texts.asked})}" if texts.asked else ""
    return own_address(request, f"{_address(page.name)}{query}")
