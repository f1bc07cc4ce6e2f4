"""Use cases: a signed-in user lists, updates and deletes passkeys."""

from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.continuation import SessionCredentials
from doorward.domain.passkeys import repository
from doorward.domain.passkeys.changes import Change, PasskeyChanges
from doorward.domain.passkeys.events import PasskeyRemoved, PasskeyRenamed
from doorward.domain.passkeys.exceptions import PasskeyNotFoundError
from doorward.domain.passkeys.models import Passkey, RelyingParty
from doorward.domain.passkeys.policy import clean_name
from doorward.domain.passkeys.repository import Connection
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


@frozen
class OwnPasskeys:
    """The passkeys of a user, the relying party, and the user handle."""

    passkeys: list[Passkey]
    relying_party: RelyingParty
    user_handle: bytes


class PasskeyManagement:
    """Use cases of users who have replaced or lost a device."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        changes: PasskeyChanges,
        relying_party: RelyingParty,
        address_detail: AddressDetail,
    ) -> None:
        self._database = database
        self._clock = clock
        self._changes = changes
        self._relying_party = relying_party
        self._address_detail: AddressDetail = address_detail

    async def list(self, caller: Caller) -> OwnPasskeys:
        """Return the passkeys of the caller's user, the oldest first."""
        async with self._database.connection() as connection:
            passkeys = await repository.list_passkeys(connection, caller.user.id)
        return OwnPasskeys(passkeys, self._relying_party, caller.user.id.bytes)

    async def update(self, caller: Caller, passkey_id: UUID, name: str | None) -> Passkey:
        """Rename a passkey and return it; None as name changes nothing. No session ends.

        Raises ``InvalidPasskeyNameError``, ``PasskeyNotFoundError``, the same for one that never existed and for
        another user's, and ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        cleaned, user_id = None if name is None else clean_name(name), caller.user.id
        event = PasskeyRenamed(user_id=user_id, session_id=caller.session_id, passkey_id=passkey_id)
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=self._clock.now())
            passkey = await repository.update_name(connection, user_id, passkey_id, name=cleaned)
            if passkey is not None and cleaned is not None:
                address = recorded_address(current_client(), self._address_detail)
                await record(connection, event, address=address)
        if passkey is None:
            raise PasskeyNotFoundError
        if cleaned is not None:
            report(event)
        return passkey

    async def delete(
        self, caller: Caller, passkey_id: UUID, *, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> SessionCredentials:
        """Delete a passkey, committed when this returns. All sessions end; return the tokens of a new one.

        The caller must have re-authenticated recently. Raises what ``update`` raises except for the name, and
        ``ServiceUnavailableError`` while the tokens cannot be signed.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._changes.require_signing_key(caller, now)
        device = self._changes.describe(client, user_agent)
        event = PasskeyRemoved(user_id=user_id, session_id=caller.session_id, passkey_id=passkey_id)
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            if not await repository.remove_passkey(connection, user_id, passkey_id):
                raise PasskeyNotFoundError
            left = await repository.list_passkeys(connection, user_id)
            change = Change(caller, event, device, now)
            continued = await self._changes.remove(connection, change, has_passkeys=bool(left))
        report(event)
        return self._changes.finish(continued, now=now)
