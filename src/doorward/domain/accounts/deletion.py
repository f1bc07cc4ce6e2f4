"""Use cases: schedule the deletion of one's own account, and restore the account before it is deleted."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import UserDeletionCancelled, UserDeletionScheduled
from doorward.domain.accounts.notices import NOTICE_LIFETIME
from doorward.domain.accounts.repositories import Connection, deletions
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, NothingToRestoreError
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.roles import keep_an_administrator
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedTokens
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

GRACE: Final = timedelta(days=14)
"""How long the owner can restore the account."""


async def schedule_deletion(connection: Connection, mails: MailQueue, user_id: UUID, *, now: datetime) -> datetime:
    """Deactivate a locked account until its deletion, mail the owner, and return the time of the deletion.

    A new epoch ends all sessions, devices and sealed tokens. Mailed tokens and pending changes end as well.
    """
    due_at = now + GRACE
    email = await deletions.deactivate_for_deletion(connection, user_id, due_at=due_at)
    facts = {"deletes_at": f"{due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
    notice = MailRequest(MailKind.DELETION_SCHEDULED, MailOrigin.SERVICE, user_id=user_id, email=email, facts=facts)
    await mails.add(connection, notice, expires_at=now + NOTICE_LIFETIME)
    return due_at


class Deletion:
    """Deactivate an account at once, and delete it after ``GRACE``."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        sealed_tokens: SealedTokens,
        passwords: Passwords,
        mails: MailQueue,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, the clock, sealed tokens, the password check, and the mail queue.

        ``address_detail`` says how much of an address may be recorded.
        """
        self._database = database
        self._clock = clock
        self._sealed_tokens = sealed_tokens
        self._passwords = passwords
        self._mails = mails
        self._address_detail: AddressDetail = address_detail

    async def schedule(self, caller: Caller) -> datetime:
        """Deactivate the caller's account, committed when this returns; return the time of its deletion.

        Ends all its sessions, including the caller's, and its known devices, whose rows stay until they are removed as
        silent ones; removes its mailed tokens and unconfirmed change of address. Of concurrent calls only one succeeds.
        Raises ``InvalidAccessTokenError`` if the caller's session has ended meanwhile, and ``LastAdministratorError``.
        """
        user_id, now = caller.user.id, self._clock.now()
        event = UserDeletionScheduled(user_id=user_id, session_id=caller.session_id)
        async with self._database.transaction() as connection:
            await keep_an_administrator(connection, await lock_acting_session(connection, caller, now=now))
            due_at = await schedule_deletion(connection, self._mails, user_id, now=now)
            await self._record(connection, event)
        report(event)
        return due_at

    async def restore_by_token(self, restore_token: str) -> None:
        """Activate the account of a restore token, which a login returned. No session begins.

        Raises ``InvalidOneTimeTokenError`` for a token that is forged, expired, used, or of an account that was
        restored, deleted or deactivated by an operator meanwhile.
        """
        now = self._clock.now()
        token = self._sealed_tokens.read(restore_token, SealedKind.RESTORE, now=now)
        event = UserDeletionCancelled(user_id=token.user_id)
        async with self._database.transaction() as connection:
            locked = await deletions.lock_deletion(connection, token.user_id, now=now)
            if locked is None or locked.session_epoch != token.epoch:
                raise InvalidOneTimeTokenError
            if not await self._sealed_tokens.consume(connection, token):
                raise InvalidOneTimeTokenError
            await deletions.activate_restored_user(connection, token.user_id)
            await self._record(connection, event)
        report(event)

    async def restore_by_password(self, name: str, password: str, *, client: Client = NO_CLIENT) -> None:
        """Activate the account of this user name or address, if it can be restored and the password is correct.

        Raises ``NothingToRestoreError``, the same for all reasons, and ``LoginThrottledError``.
        """
        found = await self._passwords.find_user_to_restore(name, password, client=client)
        if found is None:
            raise NothingToRestoreError
        user_id, epoch = found
        event = UserDeletionCancelled(user_id=user_id)
        async with self._database.transaction() as connection:
            locked = await deletions.lock_deletion(connection, user_id, now=self._clock.now())
            if locked is None or locked.session_epoch != epoch:
                raise NothingToRestoreError
            await deletions.activate_restored_user(connection, user_id)
            await self._record(connection, event)
        report(event)

    async def _record(self, connection: Connection, event: AuditedEvent) -> None:
        await record(connection, event, address=recorded_address(current_client(), self._address_detail))
