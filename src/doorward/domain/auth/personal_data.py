"""The stored sessions and devices of a user, as members of the export of personal data."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.auth.repositories import Connection, personal_data


class SessionData:
    """A user's sessions, including ended ones that are still stored."""

    member = "sessions"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the sessions, the oldest first, without their secrets."""
        return personal_data.list_stored_sessions(connection, user_id)


class BrowserSessionData:
    """The sessions of a user's browsers on the service's pages."""

    member = "browser_sessions"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the sessions, the oldest first, without their secrets."""
        return personal_data.list_stored_browser_sessions(connection, user_id)


class DeviceData:
    """A user's known devices."""

    member = "devices"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the devices, the oldest first, without their secrets."""
        return personal_data.list_stored_devices(connection, user_id)
