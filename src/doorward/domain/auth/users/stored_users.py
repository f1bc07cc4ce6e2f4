"""Locks of a user's row, and the user's verified address, for use cases of all domains."""

from uuid import UUID

from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection, users


async def lock_user(connection: Connection, user_id: UUID) -> None:
    """Lock a user, if one has this id, as strongly as any change needs."""
    await users.lock_users(connection, [user_id])


async def find_verified_email(connection: Connection, user_id: UUID) -> str | None:
    """Return the verified address of a user, for notices; None if there is none."""
    return await users.find_verified_email(connection, user_id)


async def lock_account(connection: Connection, user_id: UUID) -> LockedAccount:
    """Lock a user and return the account. Raises ``UserNotFoundError``."""
    account = await users.lock_account(connection, user_id)
    if account is None:
        raise UserNotFoundError
    return account
