"""Common parts of the admin pages. Each page and form requires the scope of the corresponding API route."""

from abc import ABC
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

from fastapi import Depends, Request, Response
from pydantic import ValidationError

from doorward.api.bodies import FormReader
from doorward.api.policy import Access, NeedsScope, RoutePolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.web.cookies import Cookie
from doorward.web.forms import AdminPage, PageForm
from doorward.web.own.pages import SHOWN, FormResult, OwnPage, OwnPages, PageContext
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import ProviderPages
from doorward.web.provider.parameters import with_parameters
from doorward.web.rendering import raise_service_errors

ADMIN: Final = "/admin"
FormT = TypeVar("FormT", bound=PageForm)
FoundT = TypeVar("FoundT")


def access_of(policy: RoutePolicy) -> NeedsScope:
    """Return the access that an API route requires, for the corresponding page or form. Raises ``TypeError``."""
    access: Access = policy.access
    if not isinstance(access, NeedsScope):
        raise TypeError("A call of administration needs a scope")
    return access


class AdminPageBase(OwnPage, ABC):
    """An admin page. ``title`` is the key of its link text on other pages."""

    name: ClassVar[AdminPage]
    title: ClassVar[str] = ""

    @property
    def path(self) -> str:
        """The path of the page, below ``/admin``."""
        return f"{ADMIN}/{self.name.removeprefix('admin-')}"

    @property
    def template(self) -> str:
        """The name of its template."""
        return self.name.replace("-", "_")

    def is_offered(self, caller: Caller, services: Services) -> bool:  # noqa: ARG002 - subclasses check the settings
        """Return whether the navigation links to it. Access is checked again when it is opened."""
        return self.access.scope in caller.scopes


class RowPage(AdminPageBase, ABC):
    """The page of one row. ``key`` is the unchecked id from the request."""

    parameter: ClassVar[str] = "id"

    def __init__(self, key: str = "") -> None:
        self.key = key

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters of the address, with the id of the row."""
        return {self.parameter: self.key}

    @property
    def address(self) -> str:
        """The address of the page, with the id of the row."""
        return with_parameters(self.path, self.query)

    def at(self, request: Request) -> OwnPage:
        """Return the page of the row in the request's query string."""
        return type(self)(request.query_params.get(self.parameter, ""))


@frozen
class OneTimePage:
    """A page that is the response to a form and is shown only once.

    ``done`` is the key of the result's text; otherwise ``refusal`` is the text of the refusal.
    """

    template: str
    values: Mapping[str, object] = field(repr=False)
    done: str = ""
    refusal: str = ""


def secret_page(done: str, title: str, identifier: str, secret: str, page: RowPage) -> OneTimePage:
    """Return the page of a new secret, with the name and id of its owner, and the page to continue at."""
    return OneTimePage("admin_secret", {"title": title, "identifier": identifier, "secret": secret, "page": page}, done)


@frozen
class AdminForm(Generic[FormT]):
    """A form: the access of the corresponding API route, its fields, its function, and its page."""

    name: str
    access: NeedsScope
    model: type[FormT]
    act: Callable[[PageContext, FormT], Awaitable[FormResult | OneTimePage]]
    page: Callable[[FormT], AdminPageBase]
    limit: LimitedCall = LimitedCall.AUTHORIZE


@frozen
class NavigationEntry:
    """An entry of the navigation: its page, the pages of its rows, and all their forms."""

    front: AdminPageBase
    pages: Sequence[AdminPageBase] = ()
    forms: Sequence[AdminForm[Any]] = ()


class AdminPages(OwnPages):
    """Renders the pages for administrators, and processes their forms."""

    folder = ADMIN

    def __init__(self, pages: ProviderPages, navigation: Sequence[NavigationEntry]) -> None:
        super().__init__(pages)
        self._navigation = navigation

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        shown = [self.shown(page) for entry in self._navigation for page in (entry.front, *entry.pages)]
        forms = [
            call
            for entry in self._navigation
            for each in entry.forms
            for call in self.form(entry.front, each.name, each.limit, self._function(each), each.access)
        ]
        return [self.front(), *shown, *forms]

    def front(self) -> Call:
        """Return the route of the common parent path."""

        async def open_administration(request: Request, services: CurrentServices) -> Response:
            """Redirect to the first page that the user's scopes allow, or else to one that shows a refusal."""
            caller = await self.find_caller(request, services)
            fronts = [each.front for each in self._navigation]
            offered = [each for each in fronts if caller is not None and each.is_offered(caller, services)]
            return self._pages.redirect(request, [*offered, *fronts][0].path, is_form=False)

        return Call("GET", ADMIN, open_administration, SHOWN)

    async def find_caller(self, request: Request, services: Services) -> Caller | None:
        """Return the user who is signed in in the browser, with the scopes of the current roles, or None."""
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        return await provider_of(services).browser_sessions.find_administrator(cookie)

    async def common(self, page: OwnPage, context: PageContext) -> Mapping[str, object]:
        """Return the values that all templates need: the navigation, and the forms that the user may send.

        Access is checked again when a form is sent.
        """
        scopes = context.caller.scopes
        return {
            "navigation": [
                each.front for each in self._navigation if each.front.is_offered(context.caller, context.services)
            ],
            "forms": {form.name for each in self._navigation for form in each.forms if form.access.scope in scopes},
            "here": page.name,
            "username": context.caller.user.username,
        }

    def _function(self, admin_form: AdminForm[FormT]) -> Callable[..., Awaitable[Response]]:
        async def send_form(
            request: Request, form: Annotated[FormT, Depends(FormReader(admin_form.model))], services: CurrentServices
        ) -> Response:
            """Process the form."""
            page = admin_form.page(form)

            async def act(context: PageContext) -> FormResult | Response:
                result = await admin_form.act(context, form)
                return await self._render_once(page, context, result) if isinstance(result, OneTimePage) else result

            return await self.act(page, request, services, form.form_token, act)

        return send_form

    async def _render_once(self, page: OwnPage, context: PageContext, shown: OneTimePage) -> Response:
        values = {"refusal": shown.refusal, "done": shown.done, **shown.values}
        return await self.one_time_page(page, context, shown.template, status=200, values=values)


async def search(context: PageContext, find: Callable[[], Awaitable[FoundT]], nothing: FoundT) -> tuple[FoundT, str]:
    """Return the result of ``find`` and an empty text, or ``nothing`` and the text of the refusal."""
    try:
        return await find(), ""
    except ValidationError:
        return nothing, str(context.texts("admin.search_refused"))
    except DomainError as refusal:
        raise_service_errors(refusal)
        return nothing, context.texts.refusal(refusal)


def query_parameters(context: PageContext, *names: str) -> dict[str, str]:
    """Return these query parameters; missing ones are empty."""
    return {name: context.request.query_params.get(name, "") for name in names}


def without_empty(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that are not empty."""
    return {name: value for name, value in parameters.items() if value}


def version_test(version: int) -> Callable[[int], bool]:
    """Return a function that compares a stored version with the one on the page."""
    return lambda stored: stored == version


def read_names(text: str) -> list[str]:
    """Return the names in a text, separated by spaces or commas."""
    return text.replace(",", " ").split()
