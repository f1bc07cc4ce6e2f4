"""What every change of a user's passkeys does: all sessions end, one goes on, and the owner is mailed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from doorward.core.events import AuditedEvent
from doorward.domain.audit.recording import record
from doorward.domain.auth.admission import TWO_KINDS, SecondFactor
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.continuation import Continued, SessionContinuation
from doorward.domain.auth.factor_changes import add_kind, remove_kinds
from doorward.domain.auth.login_completion import SEVERAL_FACTORS
from doorward.domain.auth.models import Account, Device, LoggedIn, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.passkeys.ports import RecoveryCodes
from doorward.domain.passkeys.repository import Connection

LIFE_OF_NOTICE: Final = timedelta(hours=24)
"""A mail that tells of a change is not sent later."""

POSSESSION: Final = ("pop",)
"""``amr`` of what a device has signed (RFC 8176 section 2)."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the caller's passkeys, the event of it, and the device on which it was asked for."""

    caller: Caller
    event: AuditedEvent
    device: Device
    now: datetime


class PasskeyChanges:
    """Ends what began before a change, and begins the session in which its user goes on."""

    def __init__(self, *, continuation: SessionContinuation, codes: RecoveryCodes, mails: MailQueue) -> None:
        """Take what begins the next session, what makes recovery codes, and the queue of mails."""
        self._continuation = continuation
        self._codes = codes
        self._mails = mails

    @property
    def needs_verified_address(self) -> bool:
        """Whether accounts can verify their addresses: then those that have not may register no passkey."""
        return self._mails.is_configured

    def require_signing_key(self, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of a session cannot be signed. To be called first."""
        self._continuation.require_signing_key(now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return what is recorded of the device that asks."""
        return self._continuation.describe(client, user_agent)

    async def add(self, connection: Connection, change: Change, account: Account) -> tuple[Sequence[str], Continued]:
        """Note the new factor of the user, who is locked, in the transaction that stored it.

        ``account`` is from before. With the first factor the user gets recovery codes. The passkey has just signed, so
        the session goes on by two factors.
        """
        user_id = change.caller.user.id
        is_first = account.second_factor is None
        codes = await self._codes.make(connection, user_id, now=change.now) if is_first else ()
        account = await add_kind(connection, user_id, SecondFactor.PASSKEY)
        methods = tuple(sorted({*change.caller.amr, *POSSESSION, SEVERAL_FACTORS}))
        proof = Proof(user_id, methods, TWO_KINDS, proven_at=change.now, session_epoch=account.session_epoch)
        return codes, await self._continue(connection, change, account, proof, MailKind.PASSKEY_ADDED)

    async def remove(self, connection: Connection, change: Change, *, has_passkeys: bool) -> Continued:
        """Note that a factor is gone, in the transaction that removed it. The codes go with the last factor.

        ``has_passkeys``: whether any are left. The session goes on with what was proven in it before.
        """
        caller, user_id = change.caller, change.caller.user.id
        kept = add_kind if has_passkeys else remove_kinds
        account = await kept(connection, user_id, SecondFactor.PASSKEY)
        if account.second_factor is None:
            await self._codes.remove(connection, user_id)
        methods = tuple(sorted(caller.amr))
        proof = Proof(user_id, methods, caller.acr, caller.authenticated_at, session_epoch=account.session_epoch)
        return await self._continue(connection, change, account, proof, MailKind.PASSKEY_REMOVED)

    async def _continue(
        self, connection: Connection, change: Change, account: Account, proof: Proof, notice: MailKind
    ) -> Continued:
        caller, now = change.caller, change.now
        await record(connection, change.event, address=change.device.address)
        continued = await self._continuation.begin(connection, caller, account, proof, change.device, now=now)
        email = caller.user.email if account.is_verified else None
        mail = MailRequest(notice, MailOrigin.SERVICE, user_id=caller.user.id, email=email)
        await self._mails.add(connection, mail, expires_at=now + LIFE_OF_NOTICE)
        return continued

    def finish(self, continued: Continued, *, now: datetime) -> LoggedIn:
        """Report the session, which is committed, and return its tokens."""
        return self._continuation.finish(continued, now=now)
