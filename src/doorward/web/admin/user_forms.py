"""The forms on the page of one user: changes, deletion, deactivation, resets and sessions."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from doorward.api.policy import NeedsScope
from doorward.api.v1.admin import user_actions, users
from doorward.domain.administration.models import Actor, UserChanges
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.web.admin.forms import ChangeUserForm, DeleteUserForm, UserForm
from doorward.web.admin.pages import AdminForm, access_of, read_names, version_test
from doorward.web.admin.user import UserPage
from doorward.web.admin.users import UsersPage
from doorward.web.own.formatting import read_id
from doorward.web.own.pages import FormResult, PageContext


async def _change(context: PageContext, form: ChangeUserForm) -> FormResult:
    """Change a user, if the version is still the one on the page."""
    changes = UserChanges(
        username=form.username or None,
        email=form.email or None,
        roles=read_names(form.roles),
        locale=form.locale or None,
        external_id=form.external_id or None,
    )
    user_id = read_id(form.user_id, UserNotFoundError)
    users = context.services.administration.users
    await users.update(Actor(context.caller), user_id, changes, version_test(form.version))
    return FormResult("user_changed")


async def _delete(context: PageContext, form: DeleteUserForm) -> FormResult:
    """Delete a user later or at once, if the version is still the one on the page."""
    user_id = read_id(form.user_id, UserNotFoundError)
    actions, actor = context.services.administration.user_actions, Actor(context.caller)
    if not form.now:
        await actions.schedule_deletion(actor, user_id, version_test(form.version))
        return FormResult("user_deletion", page=UserPage(form.user_id))
    await actions.erase(actor, user_id, version_test(form.version))
    return FormResult("user_erased", page=UsersPage())


def _page(form: UserForm) -> UserPage:
    return UserPage(form.user_id)


def _action(
    name: str, access: NeedsScope, action: Callable[[UserActions, Actor, UUID], Awaitable[object]], done: str
) -> AdminForm[UserForm]:
    async def act(context: PageContext, form: UserForm) -> FormResult:
        user_id = read_id(form.user_id, UserNotFoundError)
        await action(context.services.administration.user_actions, Actor(context.caller), user_id)
        return FormResult(done)

    return AdminForm(name, access, UserForm, act, _page)


_CHANGES: Final = access_of(users.WRITE)
FORMS: Final[Sequence[AdminForm[Any]]] = (
    AdminForm("change-user", _CHANGES, ChangeUserForm, _change, _page),
    AdminForm("delete-user", access_of(user_actions.DELETE), DeleteUserForm, _delete, _page),
    _action("deactivate-user", _CHANGES, UserActions.deactivate, "user_deactivated"),
    _action("activate-user", _CHANGES, UserActions.activate, "user_activated"),
    _action("end-sessions-of-user", access_of(user_actions.END), UserActions.end_sessions, "user_sessions_ended"),
    _action("reset-password-of-user", access_of(user_actions.RESET), UserActions.reset_password, "user_password_reset"),
    _action(
        "reset-factors-of-user", access_of(user_actions.RESET_FACTORS), UserActions.reset_factors, "user_factors_reset"
    ),
    _action("unthrottle-user", access_of(user_actions.UNTHROTTLE), UserActions.unthrottle, "user_unthrottled"),
)
