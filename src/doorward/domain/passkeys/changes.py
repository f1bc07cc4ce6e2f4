"""What every change of a user's passkeys does: all sessions end, one goes on, and the owner is mailed."""

from datetime import datetime
from typing import Final, Literal

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.factors.changes import MadeCodes, add_kind, remove_kinds
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.models import Account, Device, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.auth.sessions.admission import TWO_KINDS, SecondFactor
from doorward.domain.auth.sessions.continuation import Continued, GoesOn, SessionContinuation, proof_of
from doorward.domain.passkeys.ports import FactorNotices, RecoveryCodes
from doorward.domain.passkeys.repository import Connection

POSSESSION: Final = ("pop",)
"""``amr`` of what a device has signed (RFC 8176 section 2)."""


@frozen
class Change:
    """A change of the caller's passkeys, the event of it, and the device on which it was asked for."""

    caller: Caller
    event: AuditedEvent
    device: Device
    now: datetime


class PasskeyChanges:
    """Ends what began before a change, and begins the session in which its user goes on."""

    def __init__(self, *, continuation: SessionContinuation, codes: RecoveryCodes, notices: FactorNotices) -> None:
        """Take what begins the next session, what makes recovery codes, and what tells users."""
        self._continuation = continuation
        self._codes = codes
        self._notices = notices

    @property
    def needs_verified_address(self) -> bool:
        """Whether accounts can verify their addresses: then those that have not may register no passkey."""
        return self._notices.needs_verified_address

    def require_signing_key(self, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of a session cannot be signed. To be called first."""
        self._continuation.require_signing_key(now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return what is recorded of the device that asks."""
        return self._continuation.describe(client, user_agent)

    async def add(self, connection: Connection, change: Change, account: Account) -> tuple[MadeCodes | None, Continued]:
        """Note the new factor of the user, who is locked, in the transaction that stored it.

        ``account`` is from before. With the first factor the user gets recovery codes. The passkey has just signed, so
        the session goes on by two factors.
        """
        user_id = change.caller.user.id
        is_first = account.second_factor is None
        account = await add_kind(connection, user_id, SecondFactor.PASSKEY)
        methods = tuple(sorted({*change.caller.amr, *POSSESSION, SEVERAL_FACTORS}))
        proof = Proof(user_id, methods, TWO_KINDS, proven_at=change.now, session_epoch=account.session_epoch)
        await record(connection, change.event, address=change.device.address)
        made = await self._codes.make(connection, change.caller, now=change.now) if is_first else None
        return made, await self._continue(connection, change, account, proof, "passkey_added")

    async def remove(self, connection: Connection, change: Change, *, has_passkeys: bool) -> Continued:
        """Note that a factor is gone, in the transaction that removed it. The codes go with the last factor.

        ``has_passkeys``: whether any are left. The session goes on with what was proven in it before.
        """
        caller, user_id = change.caller, change.caller.user.id
        kept = add_kind if has_passkeys else remove_kinds
        account = await kept(connection, user_id, SecondFactor.PASSKEY)
        if account.second_factor is None:
            await self._codes.remove(connection, user_id)
        proof = proof_of(caller, epoch=account.session_epoch)
        await record(connection, change.event, address=change.device.address)
        return await self._continue(connection, change, account, proof, "passkey_removed")

    async def _continue(
        self,
        connection: Connection,
        change: Change,
        account: Account,
        proof: Proof,
        told: Literal["passkey_added", "passkey_removed"],
    ) -> Continued:
        caller, now = change.caller, change.now
        continued = await self._continuation.begin(connection, caller, account, proof, change.device, now=now)
        email = caller.user.email if account.is_verified else None
        await self._notices.tell(connection, caller.user.id, told, email=email, now=now)
        return continued

    def finish(self, continued: Continued, *, now: datetime) -> GoesOn:
        """Report the session, which is committed, and return its tokens or cookies."""
        return self._continuation.finish(continued, now=now)
