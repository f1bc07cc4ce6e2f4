"""What the pages of administration have in common: each needs the scope of the API's call that it stands for."""

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar, Final

from fastapi import Request

from doorward.api.policy import Access, NeedsScope, RoutePolicy
from doorward.api.services import Services
from doorward.api.v1.admin import users
from doorward.domain.auth.callers import Caller
from doorward.web.cookies import Cookie
from doorward.web.forms import AdminPage
from doorward.web.own.visits import OwnPage, OwnPages, Visit
from doorward.web.provider.authorize import provider_of

ADMIN: Final = "/admin"


def access_of(policy: RoutePolicy) -> NeedsScope:
    """Return what a call of the API needs, for the page or the form that stands for it. Raises ``TypeError``."""
    access: Access = policy.access
    if not isinstance(access, NeedsScope):
        raise TypeError("A call of administration needs a scope")
    return access


SEES_USERS: Final = access_of(users.READ)
CHANGES_USERS: Final = access_of(users.WRITE)


class AdminPageOf(OwnPage, ABC):
    """A page of administration."""

    name: ClassVar[AdminPage]

    @property
    def path(self) -> str:
        """Where it is: in a folder of its own, beside that of the own account."""
        return f"{ADMIN}/{self.name.removeprefix('admin-')}"

    @property
    def template(self) -> str:
        """The name of its template."""
        return self.name.replace("-", "_")


class AdminPages(OwnPages):
    """Shows the pages to administrators, and carries out their forms."""

    folder = ADMIN

    async def find_caller(self, request: Request, services: Services) -> Caller | None:
        """Return who is signed in in the browser, with what the roles of this moment give."""
        cookie = self._pages.cookies.read(request, Cookie.SESSION)
        return await provider_of(services).browser_sessions.find_administrator(cookie)

    def common(self, page: OwnPage, visit: Visit) -> Mapping[str, object]:
        """Return the words that all pages have: the first is what leads to the others."""
        return {"here": page.name, "username": visit.caller.user.username}


def allowed_forms(caller: Caller, forms: Mapping[str, NeedsScope]) -> frozenset[str]:
    """Return the forms that a page offers to an administrator. Whether one may be sent is judged when it is."""
    return frozenset(name for name, access in forms.items() if access.scope in caller.scopes)


def read_names(text: str) -> list[str]:
    """Return the names that were typed with spaces or commas between them."""
    return text.replace(",", " ").split()
