"""Use case: a signed-in user replaces the password."""

from datetime import datetime

from doorward.core.events import AuditedEvent
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import PasswordChanged
from doorward.domain.accounts.notices import NOTICE_LIFETIME
from doorward.domain.accounts.repositories import Connection, accounts
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.login.login import PASSWORD_METHODS
from doorward.domain.auth.models import Device, Proof
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.continuation import ContinuedSession, SessionContinuation, SessionCredentials
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report


class PasswordChange:
    """Replace a password, and end all that depends on the old one."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        passwords: Passwords,
        continuation: SessionContinuation,
        clock: Clock,
        mails: MailQueue,
    ) -> None:
        """Take the database, passwords, session continuation, the clock, and the mail queue."""
        self._database = database
        self._passwords = passwords
        self._continuation = continuation
        self._clock = clock
        self._mails = mails

    async def change(
        self,
        caller: Caller,
        *,
        current_password: str,
        new_password: str,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
    ) -> SessionCredentials:
        """Store the new password and return the token pair of a new session, committed when this returns.

        Ends all sessions of the user, including the caller's, and removes known devices, mailed one-time tokens and a
        pending change of address: earlier tokens are refused from the next request on. Of concurrent changes one
        succeeds; for the others the caller's session has ended.

        Raises the ``Password...Error`` classes for the new password, ``WrongPasswordError`` and ``LoginThrottledError``
        for the current one, ``InvalidAccessTokenError`` if the caller's session has ended meanwhile, and
        ``ServiceUnavailableError`` while the tokens of the new session cannot be signed.
        """
        self._continuation.require_signing_key(caller, self._clock.now())
        user = caller.user
        user_id = user.id
        await self._passwords.check_new(new_password, username=user.username, email=user.email or "")
        device = self._continuation.describe(client, user_agent)
        event = PasswordChanged(user_id=user_id, session_id=caller.session_id, reason="changed")
        async with self._passwords.proving(caller, current_password, client=client) as proven:
            password_hash = await self._passwords.hash_new(new_password, client=client, account=user.username.lower())
            now = self._clock.now()
            async with self._database.transaction() as connection:
                await lock_acting_session(connection, caller, now=now)
                continued = await self._replace(connection, caller, password_hash, device, event, now)
                await self._passwords.forget_failures(connection, proven)
        report(event)
        return self._continuation.finish(continued, now=now)

    async def _replace(
        self,
        connection: Connection,
        caller: Caller,
        password_hash: str,
        device: Device,
        event: AuditedEvent,
        now: datetime,
    ) -> ContinuedSession:
        """Replace the password of the locked user, and begin the session that continues the caller's."""
        user_id = caller.user.id
        account = await accounts.replace_password(connection, user_id, password_hash=password_hash)
        await record(connection, event, address=device.address)
        proof = Proof(user_id, PASSWORD_METHODS, acr=1, proven_at=now, session_epoch=account.session_epoch)
        continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
        email = caller.user.email if account.is_verified else None
        notice = MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user_id=user_id, email=email)
        await self._mails.add(connection, notice, expires_at=now + NOTICE_LIFETIME)
        return continued
