"""The page of users: search them, or create one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorward.api.disconnect import watch_disconnect
from doorward.api.schemas.administered_users import UserListParameters
from doorward.api.v1.admin import users
from doorward.domain.administration.models import Actor, AdministeredUser, FoundUsers, NewUser, UserQuery, UserStatus
from doorward.web.admin.forms import CreateUserForm
from doorward.web.admin.pages import (
    AdminForm,
    AdminPageBase,
    access_of,
    query_parameters,
    read_names,
    search,
    without_empty,
)
from doorward.web.admin.user import UserPage
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import shown_day
from doorward.web.own.pages import FormResult, PageContext

_NONE_FOUND: Final = FoundUsers((), 0, None, 0, total_is_estimate=False)


class UsersPage(AdminPageBase):
    """The list of users, newest first, with filters."""

    name = AdminPage.USERS
    title = "users.title"
    access = access_of(users.READ)

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the users of one part of the list. If the search is refused, the page shows the refusal."""
        asked = query_parameters(context, "q", "status", "role")
        after = query_parameters(context, "after")

        async def find() -> FoundUsers:
            wanted = UserListParameters.model_validate(without_empty({**asked, **after}))
            query = UserQuery(part=wanted.q, status=wanted.status, role=wanted.role)
            administration = context.services.administration
            return await administration.search.search(query, after=wanted.after, page_size=wanted.page_size)

        found, refusal = await search(context, find, _NONE_FOUND)
        return {
            "asked": asked,
            "statuses": list(UserStatus),
            "search_refusal": refusal,
            "users": [_listed(user) for user in found.users],
            "total": found.total,
            "is_estimate": found.total_is_estimate,
            "more": found.next_cursor or "",
        }


def _listed(user: AdministeredUser) -> Mapping[str, object]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email or "",
        "status": user.status.value,
        "roles": user.roles,
        "created": shown_day(user.created_at),
    }


async def _create(context: PageContext, form: CreateUserForm) -> FormResult:
    """Create a user with a password."""
    new = NewUser(form.email, form.username, form.password, read_names(form.roles))
    async with watch_disconnect(context.request) as client:
        user = await context.services.administration.users.create(Actor(context.caller), new, client=client)
    return FormResult("user_created", page=UserPage(str(user.id)))


FORMS: Final[Sequence[AdminForm[Any]]] = (
    AdminForm("create-user", access_of(users.WRITE), CreateUserForm, _create, lambda _: UsersPage()),
)
