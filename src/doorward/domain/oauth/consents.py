"""Use cases: a user lists and revokes consents for applications."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail
from doorward.domain.auth.models import FIRST_PARTY_CLIENT
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.application_sessions import end_sessions_of_application
from doorward.domain.oauth.authorization_events import ConsentRevoked
from doorward.domain.oauth.exceptions import ApplicationNotFoundError
from doorward.domain.oauth.models import ClientId
from doorward.domain.oauth.policy import may_be_a_client_id
from doorward.domain.oauth.repositories import Connection, codes, consents, devices
from doorward.domain.oauth.repositories.consents import StoredConsent
from doorward.observability.logging import report


class Consents:
    """The consents of users."""

    def __init__(self, *, database: Database[Connection], clock: Clock, address_detail: AddressDetail) -> None:
        self._database = database
        self._clock = clock
        self._address_detail: AddressDetail = address_detail

    async def list(self, caller: Caller) -> Sequence[StoredConsent]:
        """Return the consents of the caller's user, ordered by the name of the application."""
        async with self._database.connection() as connection:
            return await consents.list_consents(connection, caller.user.id)

    async def revoke(self, caller: Caller, client_id: str) -> None:
        """Revoke the user's consent for an application, and end its sessions, codes and pending devices.

        Raises ``ApplicationNotFoundError`` if the user has neither a consent for it nor a session with it, and
        ``InvalidAccessTokenError`` if the caller's own session has ended meanwhile.
        """
        if not may_be_a_client_id(client_id) or client_id == FIRST_PARTY_CLIENT:
            raise ApplicationNotFoundError
        now, user_id = self._clock.now(), caller.user.id
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            was_there = await consents.remove_consent(connection, user_id, client_id)
            await codes.remove_codes_of_user(connection, user_id, client_id)
            await devices.remove_devices_of_user(connection, user_id, client_id)
            ended = await end_sessions_of_application(
                connection, user_id, client_id, now=now, address_detail=self._address_detail
            )
            if not was_there and not ended:
                raise ApplicationNotFoundError
            event = ConsentRevoked(
                user_id=user_id, session_id=caller.session_id, client_id=ClientId(client_id), count=len(ended)
            )
            await record(connection, event)
        for each in (*ended, event):
            report(each)


class ConsentData:
    """The consents of a user: a member of the data export."""

    member = "consents"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the consents."""
        return consents.list_stored_consents(connection, user_id)
