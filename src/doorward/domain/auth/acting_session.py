"""The session in which a change is asked for: still live when the change is made."""

from datetime import datetime

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import Account, Caller
from doorward.domain.auth.repositories import Connection, sessions, users


async def lock_acting_session(connection: Connection, caller: Caller, *, now: datetime) -> Account:
    """Lock the caller's user and return the account, if the caller's session is still live.

    The caller was let in before; the session may have ended since, or all sessions of the user, and so may the password
    have changed that was checked meanwhile. Whatever ends sessions locks the user, so none ends before the
    transaction does. Raises ``InvalidAccessTokenError``.
    """
    account = await users.lock_account(connection, caller.user.id)
    live = await sessions.list_live_sessions(
        connection, session_ids=[caller.session_id], user_ids=[caller.user.id], now=now
    )
    if account is None or not live:
        raise InvalidAccessTokenError
    return account
