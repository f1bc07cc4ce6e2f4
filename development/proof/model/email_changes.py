"""A change of an e-mail address in one step, with the token that the worker would have mailed."""

from typing import Any

from psycopg import AsyncConnection

from doorward.core.ports import Clock, Database
from doorward.domain.accounts.email_change import LIFE_OF_CHANGE
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.models import PendingEmailChange, WaitingForMailbox
from doorward.domain.accounts.repositories import accounts, email_changes
from doorward.domain.auth.identifiers import canonical_email
from doorward.domain.auth.models import Caller, TokenPair
from doorward.domain.auth.one_time_token import Purpose
from doorward.domain.auth.one_time_tokens import OneTimeTokens

Connection = AsyncConnection[Any]


class EmailChanges:
    """Changes addresses where the new mailbox is enough. The world has no mail, so it stores what a request would."""

    def __init__(
        self,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        confirmation: EmailChangeConfirmation,
    ) -> None:
        """Take what the service is made of."""
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._confirmation = confirmation

    async def change(self, caller: Caller, email: str) -> TokenPair:
        """Have the caller's account get another address; return the pair of the session that begins."""
        now, user_id, email_key = self._clock.now(), caller.user.id, canonical_email(email)
        change = PendingEmailChange(user_id, email, email_key, created_at=now, expires_at=now + LIFE_OF_CHANGE)
        async with self._database.transaction() as connection:
            await accounts.lock_mailbox(connection, user_id)
            await email_changes.add_change(connection, change)
            issued = await self._tokens.issue(
                connection, Purpose.EMAIL_CHANGE_NEW, user_id=user_id, email_key=email_key, now=now
            )
        outcome = await self._confirmation.confirm_by_session(caller, token=issued.text)
        if isinstance(outcome, WaitingForMailbox):
            raise TypeError("the new mailbox is enough in the model")
        return outcome.tokens
