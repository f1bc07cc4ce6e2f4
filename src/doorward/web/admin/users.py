"""The page of users: search them, invite one, or create one."""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request, Response
from pydantic import ValidationError

from doorward.api.bodies import FormBody
from doorward.api.policy import NeedsScope
from doorward.api.routing import Call
from doorward.api.schemas.administered_users import UserListParameters
from doorward.api.services import CurrentServices
from doorward.api.v1.admin import invitations
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.administration.models import Actor, AdministeredUser, FoundUsers, NewUser, UserQuery, UserStatus
from doorward.web.admin.user import UserPage
from doorward.web.admin.visits import (
    CHANGES_USERS,
    SEES_USERS,
    AdminPageOf,
    AdminPages,
    access_of,
    allowed_forms,
    read_names,
)
from doorward.web.forms import AdminPage, CreateUserForm, InviteForm
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import shown_day
from doorward.web.provider.pages import raise_for_all

_FILTERS: Final = ("q", "status", "role", "after")
FORMS: Final[Mapping[str, NeedsScope]] = {"invite": access_of(invitations.WRITE), "create-user": CHANGES_USERS}
_NONE_FOUND: Final = FoundUsers((), 0, None, 0, total_is_estimate=False)


class UsersPage(AdminPageOf):
    """The list, the newest users first, and what narrows it."""

    name = AdminPage.USERS
    access = SEES_USERS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the users of one part of the list. A search that cannot be made is refused on the page."""
        given = {name: visit.request.query_params.get(name, "") for name in _FILTERS}
        found, refusal = await _search(visit, given)
        return {
            "asked": given,
            "statuses": list(UserStatus),
            "search_refusal": refusal,
            "users": [_listed(user) for user in found.users],
            "total": found.total,
            "is_estimate": found.total_is_estimate,
            "more": found.next_cursor or "",
            "forms": allowed_forms(visit.caller, FORMS),
        }


class UsersForms:
    """The forms of the page."""

    def __init__(self, admin: AdminPages) -> None:
        """Take what shows pages and carries out forms."""
        self._admin = admin
        self._page = UsersPage()

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        admin, page = self._admin, self._page
        return [
            admin.shown(page),
            *admin.form(page, "invite", LimitedCall.AUTHORIZE, self.invite_by_form),
            *admin.form(page, "create-user", LimitedCall.AUTHORIZE, self.create_user_by_form),
        ]

    async def invite_by_form(self, request: Request, form: FormBody[InviteForm], services: CurrentServices) -> Response:
        """Invite an address by mail."""

        async def act(visit: Visit) -> Done:
            roles = read_names(form.roles)
            await services.administration.invitations.create(Actor(visit.caller), form.email, roles)
            return Done("invited")

        return await self._admin.act(self._page, request, services, form.form_token, act, access=FORMS["invite"])

    async def create_user_by_form(
        self, request: Request, form: FormBody[CreateUserForm], services: CurrentServices
    ) -> Response:
        """Create a user with a password."""

        async def act(visit: Visit) -> Done:
            new = NewUser(form.email, form.username, form.password, read_names(form.roles))
            async with waiting_client(request) as client:
                user = await services.administration.users.create(Actor(visit.caller), new, client=client)
            return Done("user_created", page=UserPage(str(user.id)))

        return await self._admin.act(self._page, request, services, form.form_token, act, access=FORMS["create-user"])


async def _search(visit: Visit, given: Mapping[str, str]) -> tuple[FoundUsers, str]:
    try:
        asked = UserListParameters.model_validate({name: value for name, value in given.items() if value})
        wanted = UserQuery(part=asked.q, status=asked.status, role=asked.role)
        search = visit.services.administration.search
        return await search.search(wanted, after=asked.after, page_size=asked.page_size), ""
    except ValidationError:
        return _NONE_FOUND, str(visit.texts("users.search_refused"))
    except DomainError as refusal:
        raise_for_all(refusal)
        return _NONE_FOUND, visit.texts.refusal(refusal)


def _listed(user: AdministeredUser) -> Mapping[str, object]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email or "",
        "status": user.status.value,
        "roles": user.roles,
        "created": shown_day(user.created_at),
    }
