"""The session in which a change is asked for: still live when the change is made."""

from datetime import datetime

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import Account, Caller
from doorward.domain.auth.repositories import Connection, own_sessions


async def lock_acting_session(connection: Connection, caller: Caller, *, now: datetime) -> Account:
    """Lock the caller's user and return the account, if the caller's session is still live.

    The caller was let in before; the session may have ended since, or all sessions of the user, and so may the password
    have changed that was checked meanwhile. Whatever ends sessions locks the user, so none ends before the
    transaction does. Raises ``InvalidAccessTokenError``.
    """
    account = await own_sessions.lock_live_session(connection, caller.user.id, caller.session_id, now=now)
    if account is None:
        raise InvalidAccessTokenError
    return account
