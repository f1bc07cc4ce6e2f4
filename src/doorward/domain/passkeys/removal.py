"""Removing all passkeys of a user who has lost them, in a reset of all factors."""

from uuid import UUID

from doorward.domain.passkeys.repository import Connection, remove_passkeys


class PasskeyRemoval:
    """The part of a reset that is about passkeys."""

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all passkeys of a user, who is locked, in the caller's transaction."""
        await remove_passkeys(connection, user_id)
