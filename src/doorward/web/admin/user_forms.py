"""What stops a user, and what helps one back in: the forms of the page of one user."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.routing import Call
from doorward.api.services import CurrentServices, Services
from doorward.core.ports import LimitedCall
from doorward.domain.administration.models import Actor, UserChanges
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.web.admin.user import FORMS, UserPage
from doorward.web.admin.users import UsersPage
from doorward.web.admin.visits import AdminPages, read_names
from doorward.web.forms import ChangeUserForm, DeleteUserForm, UserForm
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import read_id

Action = Callable[[UserActions, Actor, UUID], Awaitable[object]]
_ACTIONS: Final[Mapping[str, tuple[Action, str]]] = {
    "deactivate-user": (UserActions.deactivate, "user_deactivated"),
    "activate-user": (UserActions.activate, "user_activated"),
    "end-sessions-of-user": (UserActions.end_sessions, "user_sessions_ended"),
    "reset-password-of-user": (UserActions.reset_password, "user_password_reset"),
    "reset-factors-of-user": (UserActions.reset_factors, "user_factors_reset"),
    "unthrottle-user": (UserActions.unthrottle, "user_unthrottled"),
}
"""What the forms that name a user and nothing else do, and what they say then."""


class UserForms:
    """The forms of the page."""

    def __init__(self, admin: AdminPages) -> None:
        """Take what shows pages and carries out forms."""
        self._admin = admin

    def calls(self) -> Sequence[Call]:
        """Return the calls."""
        admin, limit, page = self._admin, LimitedCall.AUTHORIZE, UsersPage()
        return [
            admin.shown(UserPage()),
            *admin.form(page, "change-user", limit, self.change_user_by_form),
            *admin.form(page, "delete-user", limit, self.delete_user_by_form),
            *(call for name in _ACTIONS for call in admin.form(page, name, limit, self._action(name))),
        ]

    async def change_user_by_form(
        self, request: Request, form: FormBody[ChangeUserForm], services: CurrentServices
    ) -> Response:
        """Change name, address and roles of a user, if it has the version that the page showed."""

        async def act(visit: Visit) -> Done:
            user_id = read_id(form.user_id, UserNotFoundError)
            changes = UserChanges(
                username=form.username or None, email=form.email or None, roles=read_names(form.roles)
            )
            users = services.administration.users
            await users.change(Actor(visit.caller), user_id, changes, lambda version: version == form.version)
            return Done("user_changed")

        return await self._act("change-user", request, services, form, act)

    async def delete_user_by_form(
        self, request: Request, form: FormBody[DeleteUserForm], services: CurrentServices
    ) -> Response:
        """Delete a user later, or at once, if it has the version that the page showed."""

        async def act(visit: Visit) -> Done:
            user_id = read_id(form.user_id, UserNotFoundError)
            actions, actor = services.administration.user_actions, Actor(visit.caller)
            if not form.now:
                await actions.schedule_deletion(actor, user_id, lambda version: version == form.version)
                return Done("user_deletion")
            await actions.erase(actor, user_id, lambda version: version == form.version)
            return Done("user_erased", page=UsersPage())

        return await self._act("delete-user", request, services, form, act)

    def _action(self, name: str) -> Callable[..., Awaitable[Response]]:
        action, done = _ACTIONS[name]

        async def act_on_user(request: Request, form: FormBody[UserForm], services: CurrentServices) -> Response:
            """Act on the user."""

            async def act(visit: Visit) -> Done:
                user_id = read_id(form.user_id, UserNotFoundError)
                await action(services.administration.user_actions, Actor(visit.caller), user_id)
                return Done(done)

            return await self._act(name, request, services, form, act)

        return act_on_user

    async def _act(
        self,
        name: str,
        request: Request,
        services: Services,
        form: UserForm,
        act: Callable[[Visit], Awaitable[Done | Response]],
    ) -> Response:
        page = UserPage(form.user_id)
        return await self._admin.act(page, request, services, form.form_token, act, access=FORMS[name])
