"""Lock the actor and the affected user, and check the actor's rights: the first step of every change."""

from datetime import datetime
from uuid import UUID

from doorward.domain.administration.models import Actor, TargetUser
from doorward.domain.administration.policy import require_scopes_within
from doorward.domain.administration.repositories import Connection, users
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.login.reauthentication import require_fresh_proof
from doorward.domain.auth.scopes import ADMIN_SCOPES, AdminScope
from doorward.domain.auth.sessions.acting_session import lock_caller_and_user
from doorward.domain.auth.users.stored_users import lock_user


async def lock_actor(connection: Connection, actor: Actor, needed: AdminScope, *, now: datetime) -> frozenset[str]:
    """Return the actor's scopes, fixed until the transaction ends, for a change that concerns no user.

    Raises ``InvalidAccessTokenError`` if the actor's session has ended since the request was authenticated, and
    ``BeyondOwnScopesError`` if the needed scope has been revoked since.
    """
    if actor.caller is None:
        return ADMIN_SCOPES
    own = await lock_caller_and_user(connection, actor.caller, None, now=now)
    require_scopes_within(own, {needed})
    return own


async def lock_target_user(
    connection: Connection, actor: Actor, user_id: UUID, needed: AdminScope, *, now: datetime
) -> tuple[TargetUser, frozenset[str]]:
    """Lock the user on whom the actor acts; return the user, and the actor's scopes, fixed until the transaction ends.

    The user's own scopes must lie within the actor's. Raises what ``lock_actor`` raises, ``UserNotFoundError``,
    ``BeyondOwnScopesError`` for a user with more scopes than the actor, and ``ReauthenticationRequiredError`` for an
    actor who acts on the own account without the proof that the account's own calls need.
    """
    if actor.caller is not None and actor.caller.user.id == user_id:
        require_fresh_proof(actor.caller, now)
    if actor.caller is None:
        await lock_user(connection, user_id)
        own: frozenset[str] = ADMIN_SCOPES
    else:
        own = await lock_caller_and_user(connection, actor.caller, user_id, now=now)
    target = await users.find_target_user(connection, user_id)
    if target is None:
        raise UserNotFoundError
    require_scopes_within(own, {needed}, target.scopes)
    return target, own
