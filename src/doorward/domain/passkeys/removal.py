"""Removal of all passkeys of a user, in a reset of all second factors."""

from uuid import UUID

from doorward.domain.passkeys.repository import Connection, remove_passkeys


class PasskeyRemoval:
    """Removes passkeys in a reset of all second factors."""

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all passkeys of a user, whose row is locked, in the caller's transaction."""
        await remove_passkeys(connection, user_id)
