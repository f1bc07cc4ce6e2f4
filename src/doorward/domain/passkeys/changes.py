"""The common part of all changes of a user's passkeys: end all sessions, begin one, and notify the owner by mail."""

from datetime import datetime
from typing import Literal

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.factors.changes import MadeCodes, add_kind, remove_kinds
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.models import Device, LockedAccount, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.auth.sessions.admission import TWO_KINDS, SecondFactor
from doorward.domain.auth.sessions.continuation import (
    ContinuedSession,
    SessionContinuation,
    SessionCredentials,
    proof_of,
)
from doorward.domain.passkeys.policy import POSSESSION
from doorward.domain.passkeys.ports import FactorNotices, RecoveryCodes
from doorward.domain.passkeys.repository import Connection


@frozen
class Change:
    """A change of the caller's passkeys, its event, and the device that requested it."""

    caller: Caller
    event: AuditedEvent
    device: Device
    now: datetime


class PasskeyChanges:
    """Ends all sessions after a change, and begins the one that replaces the acting session."""

    def __init__(self, *, continuation: SessionContinuation, codes: RecoveryCodes, notices: FactorNotices) -> None:
        self._continuation = continuation
        self._codes = codes
        self._notices = notices

    @property
    def requires_verified_address(self) -> bool:
        """Whether a verified address is required to register a passkey. It is, if accounts can verify addresses."""
        return self._notices.requires_verified_address

    def require_signing_key(self, caller: Caller, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of the caller's client cannot be signed; call it first."""
        self._continuation.require_signing_key(caller, now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return the record of the calling device."""
        return self._continuation.describe(client, user_agent)

    async def add(
        self, connection: Connection, change: Change, account: LockedAccount
    ) -> tuple[MadeCodes | None, ContinuedSession]:
        """Add the factor to the user, whose row is locked, in the transaction that stored the passkey.

        ``account`` is from before the change. With the first factor the user gets recovery codes. The passkey has just
        signed, so the new session has two factors.
        """
        user_id = change.caller.user.id
        is_first = account.second_factor is None
        account = await add_kind(connection, user_id, SecondFactor.PASSKEY)
        methods = tuple(sorted({*change.caller.amr, *POSSESSION, SEVERAL_FACTORS}))
        proof = Proof(user_id, methods, TWO_KINDS, proven_at=change.now, session_epoch=account.session_epoch)
        await record(connection, change.event, address=change.device.address)
        made = await self._codes.make(connection, change.caller, now=change.now) if is_first else None
        return made, await self._continue(connection, change, account, proof, "passkey_added")

    async def remove(self, connection: Connection, change: Change, *, has_passkeys: bool) -> ContinuedSession:
        """Update the factors of the user, in the transaction that removed a passkey. The codes go with the last factor.

        ``has_passkeys``: whether any are left. The new session has the proof of the acting one.
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
        account: LockedAccount,
        proof: Proof,
        told: Literal["passkey_added", "passkey_removed"],
    ) -> ContinuedSession:
        caller, now = change.caller, change.now
        continued = await self._continuation.begin(connection, caller, account, proof, change.device, now=now)
        email = caller.user.email if account.is_verified else None
        await self._notices.notify(connection, caller.user.id, told, email=email, now=now)
        return continued

    def finish(self, continued: ContinuedSession, *, now: datetime) -> SessionCredentials:
        """Report the committed session, and return its tokens or cookies."""
        return self._continuation.finish(continued, now=now)
