"""The page of users: search them, or create one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorward.api.schemas.administered_users import UserListParameters
from doorward.api.v1.admin import users
from doorward.api.waiting_client import waiting_client
from doorward.domain.administration.models import Actor, AdministeredUser, FoundUsers, NewUser, UserQuery, UserStatus
from doorward.web.admin.forms import CreateUserForm
from doorward.web.admin.user import UserPage
from doorward.web.admin.visits import AdminPageOf, FormOf, access_of, asked_in_query, given, read_names, search
from doorward.web.forms import AdminPage
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import shown_day

_NONE_FOUND: Final = FoundUsers((), 0, None, 0, total_is_estimate=False)


class UsersPage(AdminPageOf):
    """The list of users, newest first, with filters."""

    name = AdminPage.USERS
    title = "users.title"
    access = access_of(users.READ)

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the users of one part of the list. If the search is refused, the page shows the refusal."""
        asked = asked_in_query(visit, "q", "status", "role")
        after = asked_in_query(visit, "after")

        async def find() -> FoundUsers:
            wanted = UserListParameters.model_validate(given({**asked, **after}))
            query = UserQuery(part=wanted.q, status=wanted.status, role=wanted.role)
            administration = visit.services.administration
            return await administration.search.search(query, after=wanted.after, page_size=wanted.page_size)

        found, refusal = await search(visit, find, _NONE_FOUND)
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


async def _create(visit: Visit, form: CreateUserForm) -> Done:
    """Create a user with a password."""
    new = NewUser(form.email, form.username, form.password, read_names(form.roles))
    async with waiting_client(visit.request) as client:
        user = await visit.services.administration.users.create(Actor(visit.caller), new, client=client)
    return Done("user_created", page=UserPage(str(user.id)))


FORMS: Final[Sequence[FormOf[Any]]] = (
    FormOf("create-user", access_of(users.WRITE), CreateUserForm, _create, lambda _: UsersPage()),
)
