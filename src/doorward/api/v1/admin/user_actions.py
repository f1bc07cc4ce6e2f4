"""Routes for administrative actions on users: deletion, deactivation, resets and sessions."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request

from doorward.api.caller import CurrentCaller
from doorward.api.conditional import change_precondition
from doorward.api.policy import NeedsFreshProof, NeedsScope, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.administered_users import (
    AdministeredSessionListResponse,
    AdministeredSessionResponse,
    UserDeletionParameters,
)
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import TAG
from doorward.api.v1.admin.users import READ, REFUSALS_OF_ACTING, USER, WRITE
from doorward.domain.administration.exceptions import StaleUserError, UserNotActiveError
from doorward.domain.administration.models import Actor
from doorward.domain.auth.exceptions import LastAdministratorError, UserNotFoundError
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.outbox.exceptions import MailNotConfiguredError

DELETE: Final = RoutePolicy(NeedsScope(AdminScope.USERS_DELETE))
END: Final = RoutePolicy(NeedsScope(AdminScope.SESSIONS_END))
RESET: Final = RoutePolicy(NeedsScope(AdminScope.PASSWORDS_RESET))
RESET_FACTORS: Final = RoutePolicy(NeedsFreshProof(AdminScope.FACTORS_RESET))
UNTHROTTLE: Final = RoutePolicy(NeedsScope(AdminScope.THROTTLES_RESET))


def calls() -> Sequence[Call]:
    """Return the routes."""
    acting, last = REFUSALS_OF_ACTING, (*REFUSALS_OF_ACTING, LastAdministratorError)
    resetting = (*acting, UserNotActiveError, UserWithoutEmailError, MailNotConfiguredError)
    return [
        Call("DELETE", USER, delete_user, DELETE, tag=TAG, status=204, refusals=(*last, StaleUserError)),
        Call("POST", f"{USER}/deactivate", deactivate_user, WRITE, tag=TAG, status=204, refusals=last),
        Call("POST", f"{USER}/activate", activate_user, WRITE, tag=TAG, status=204, refusals=acting),
        Call("POST", f"{USER}/password-reset", reset_password_of_user, RESET, tag=TAG, status=204, refusals=resetting),
        Call(
            "POST", f"{USER}/factors/reset", reset_factors_of_user, RESET_FACTORS, tag=TAG, status=204, refusals=acting
        ),
        Call("POST", f"{USER}/unthrottle", unthrottle_user, UNTHROTTLE, tag=TAG, status=204, refusals=acting),
        Call("POST", f"{USER}/sessions/end", end_sessions_of_user, END, tag=TAG, status=204, refusals=acting),
        Call("GET", f"{USER}/sessions", list_sessions_of_user, READ, tag=TAG, refusals=(UserNotFoundError,)),
    ]


async def delete_user(
    user_id: UUID,
    parameters: Annotated[UserDeletionParameters, Query()],
    caller: CurrentCaller,
    services: CurrentServices,
    request: Request,
) -> None:
    """Delete a user in 14 days, or at once with `now=true`. Until then the user can restore the account.

    With If-Match only at that version.
    """
    actions, precondition = services.administration.user_actions, change_precondition(request)
    if parameters.now:
        await actions.erase(Actor(caller), user_id, precondition)
    else:
        await actions.schedule_deletion(Actor(caller), user_id, precondition)


async def deactivate_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Deactivate a user. All sessions end; no login is accepted until the user is activated."""
    await services.administration.user_actions.deactivate(Actor(caller), user_id)


async def activate_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Activate a user, who can log in again. A scheduled deletion is cancelled."""
    await services.administration.user_actions.activate(Actor(caller), user_id)


async def reset_password_of_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Force a user to replace the password. All sessions end, and a mail has a link for setting a new password.

    A login with the old password answers 403 `password_change_required`.
    """
    await services.administration.user_actions.reset_password(Actor(caller), user_id)


async def reset_factors_of_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Remove all second factors of a user who has lost them. All sessions end, and the user gets a mail.

    Verify the identity of the user first: from then on the password alone is enough to sign in.
    """
    await services.administration.user_actions.reset_factors(Actor(caller), user_id)


async def unthrottle_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Reset the failed logins of a user, so that the next login is not throttled."""
    await services.administration.user_actions.unthrottle(Actor(caller), user_id)


async def end_sessions_of_user(user_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """End all sessions of a user. Their tokens are refused from the next request on; the user can log in again."""
    await services.administration.user_actions.end_sessions(Actor(caller), user_id)


async def list_sessions_of_user(user_id: UUID, services: CurrentServices) -> AdministeredSessionListResponse:
    """List the live sessions of a user in the order of their last use."""
    await services.administration.users.get(user_id, lambda _: True)
    sessions = await services.administration.session_listing.list_of(user_id)
    return AdministeredSessionListResponse(
        sessions=[AdministeredSessionResponse.model_validate(session) for session in sessions]
    )
