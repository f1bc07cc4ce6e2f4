"""The responses to a right first factor if no session may begin yet: restore the account, or verify the address."""

from datetime import UTC, datetime
from uuid import UUID

from doorward.domain.auth.exceptions import DeletionPendingError
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import ONE_TIME_TOKEN_LIFETIMES
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedTokens
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue


class BlockedLogins:
    """Offers to restore an account whose deletion is scheduled, and queues another mail that verifies an address."""

    def __init__(self, *, sealed_tokens: SealedTokens, mails: MailQueue) -> None:
        self._sealed_tokens = sealed_tokens
        self._mails = mails

    def offer_restoration(
        self, user_id: UUID, *, epoch: int, deletes_at: datetime, now: datetime
    ) -> DeletionPendingError:
        """Return the error with the token that restores the account."""
        token = self._sealed_tokens.issue(SealedKind.RESTORE, user_id=user_id, epoch=epoch, now=now)
        return DeletionPendingError(token, f"{deletes_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    async def ask_for_verification(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue another verification mail, within the budget of a claimant, in the caller's transaction."""
        mail = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=user_id, is_repeatable=True)
        await self._mails.add(connection, mail, expires_at=now + ONE_TIME_TOKEN_LIFETIMES[Purpose.VERIFY_EMAIL])
