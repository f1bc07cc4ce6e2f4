"""Deactivate a user, and activate one again, in the transaction of a use case."""

from typing import Final
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.auth.events import UserActivated, UserDeactivated
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection, one_time_tokens, own_sessions, users
from doorward.domain.auth.roles import keep_an_administrator

MAXIMUM_COUNTED_SESSIONS: Final = 100_000
"""Maximum number of sessions that are counted. Counting more would take longer than a deactivation may."""


async def deactivate_account(connection: Connection, account: LockedAccount) -> UserDeactivated:
    """Deactivate an account, whose row is locked, and end its sessions and tokens; record the event and return it.

    Raises ``LastAdministratorError``.
    """
    await keep_an_administrator(connection, account)
    user_id, epoch = account.user_id, account.session_epoch
    count = await own_sessions.count_unended_sessions(connection, user_id, epoch=epoch, limit=MAXIMUM_COUNTED_SESSIONS)
    await users.deactivate_user(connection, user_id)
    await one_time_tokens.remove_tokens_of_user(connection, user_id)
    event = UserDeactivated(user_id=user_id, count=count)
    await record(connection, event)
    return event


async def activate_account(connection: Connection, user_id: UUID) -> UserActivated:
    """Activate an account, whose row is locked, and cancel its deletion; record the event and return it."""
    await users.activate_user(connection, user_id)
    event = UserActivated(user_id=user_id)
    await record(connection, event)
    return event
