"""What every change of a user's passkeys does: all sessions end, one goes on, and the owner is mailed."""

from datetime import datetime, timedelta
from typing import Final

from doorward.core.events import AuditedEvent
from doorward.domain.audit.recording import record
from doorward.domain.auth.admission import SecondFactor
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.continuation import Continued, SessionContinuation
from doorward.domain.auth.factor_changes import add_kind, remove_kinds
from doorward.domain.auth.models import Device, LoggedIn, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.passkeys.repository import Connection

LIFE_OF_NOTICE: Final = timedelta(hours=24)
"""A mail that tells of a change is not sent later."""


class PasskeyChanges:
    """Ends what began before a change, and begins the session in which its user goes on."""

    def __init__(self, *, continuation: SessionContinuation, mails: MailQueue) -> None:
        self._continuation = continuation
        self._mails = mails

    def require_signing_key(self, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while the tokens of a session cannot be signed. To be called first."""
        self._continuation.require_signing_key(now)

    def describe(self, client: Client, user_agent: str | None) -> Device:
        """Return what is recorded of the device that asks."""
        return self._continuation.describe(client, user_agent)

    async def apply(
        self,
        connection: Connection,
        caller: Caller,
        event: AuditedEvent,
        notice: MailKind,
        device: Device,
        *,
        has_passkeys: bool,
        now: datetime,
    ) -> Continued:
        """Do so in the transaction that changed the passkeys of the caller's user, who is locked.

        ``has_passkeys``: whether any are left. The session goes on with what was proven in it before, and no more.
        """
        user_id = caller.user.id
        change = add_kind if has_passkeys else remove_kinds
        account = await change(connection, user_id, SecondFactor.PASSKEY)
        await record(connection, event, address=device.address)
        proof = Proof(
            user_id,
            tuple(sorted(caller.amr)),
            acr=caller.acr,
            proven_at=caller.authenticated_at,
            session_epoch=account.session_epoch,
        )
        continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
        email = caller.user.email if account.is_verified else None
        mail = MailRequest(notice, MailOrigin.SERVICE, user_id=user_id, email=email)
        await self._mails.add(connection, mail, expires_at=now + LIFE_OF_NOTICE)
        return continued

    def finish(self, continued: Continued, *, now: datetime) -> LoggedIn:
        """Report the session, which is committed, and return its tokens."""
        return self._continuation.finish(continued, now=now)
