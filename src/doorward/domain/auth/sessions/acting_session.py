"""Locks which ensure that the session that requests a change is still live when the change is made."""

from datetime import datetime
from uuid import UUID

from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection, browser_sessions, own_sessions, users
from doorward.domain.auth.roles import lock_grantable_scopes
from doorward.domain.auth.scopes import effective_scopes


async def lock_acting_session(connection: Connection, caller: Caller, *, now: datetime) -> LockedAccount:
    """Lock the caller's user and return the account, if the caller's session is still live.

    Since the caller was authenticated, the session may have ended, or all sessions of the user, and the password that
    was checked may have changed. The row of the session stays locked, too: ``doorward end-all-sessions`` ends sessions
    without a lock of their users. So the session cannot end before this transaction does. Raises
    ``InvalidAccessTokenError``.
    """
    lock = own_sessions.lock_live_session
    if caller.browser_session is not None:
        lock = browser_sessions.lock_live_browser_session
    account = await lock(connection, caller.user.id, caller.session_id, now=now)
    if account is None:
        raise InvalidAccessTokenError
    return account


async def lock_caller_and_user(
    connection: Connection, caller: Caller, user_id: UUID | None, *, now: datetime
) -> frozenset[str]:
    """Lock the caller's user, and another user if given; return the caller's current scopes.

    The locks are as strong as any change of the users needs. They are taken in the order of the ids, so that two
    callers who act on each other cannot deadlock. Raises ``InvalidAccessTokenError`` if the caller's session has ended.
    """
    await users.lock_users(connection, [caller.user.id] if user_id is None else [caller.user.id, user_id])
    await lock_acting_session(connection, caller, now=now)
    own = await lock_grantable_scopes(connection, caller.user.id)
    return effective_scopes(caller.client_id, caller.token_scopes, own)
