"""What is stored about a user's sessions and devices, as that user is given it: members of the export."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict
from uuid import UUID

from doorward.domain.auth.repositories import Connection, personal_data


class SessionData:
    """A user's sessions, those that have ended included, as long as they are stored."""

    member = "sessions"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[Mapping[str, object]]:
        """Yield the sessions, the oldest first, without their secrets."""
        async for session in personal_data.list_stored_sessions(connection, user_id):
            yield asdict(session)


class DeviceData:
    """The devices that a user is known on."""

    member = "devices"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[Mapping[str, object]]:
        """Yield the devices, the oldest first, without their secrets."""
        async for device in personal_data.list_stored_devices(connection, user_id):
            yield asdict(device)
