"""Changes an e-mail address in one step, with the token that the worker would have mailed."""

from typing import Any

from psycopg import AsyncConnection

from development.proof.email_changes import add_email_change
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.models import PendingConfirmation
from doorward.domain.accounts.repositories import accounts
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens

Connection = AsyncConnection[Any]


class EmailChanges:
    """Changes addresses where the new mailbox suffices.

    The world has no mail, so it stores what a request would store.
    """

    def __init__(
        self,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        confirmation: EmailChangeConfirmation,
    ) -> None:
        """Take the parts of the service."""
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._confirmation = confirmation

    async def change(self, caller: Caller, email: str) -> TokenPair:
        """Change the address of the caller's account; return the token pair of the new session."""
        user = caller.user
        async with self._database.transaction() as connection:
            await accounts.lock_mailbox(connection, user.id)
            mailed = await add_email_change(
                connection,
                self._tokens,
                user_id=user.id,
                old_email=user.email or "",
                new_email=email,
                now=self._clock.now(),
            )
        outcome = await self._confirmation.confirm_by_session(caller, token=mailed.of_new)
        if isinstance(outcome, PendingConfirmation):
            raise TypeError("the new mailbox is enough in the model")
        return tokens_of(outcome).tokens
