"""Mail budgets: limits of mails to one address, for each kind in a minute, and for all kinds in a day.

Strangers and the owner have separate budgets, so that a stranger cannot spend the owner's. The address is stored as a
MAC.
"""

import hmac
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.models import MailBudget
from doorward.domain.accounts.policy import MAIL_LIMITS
from doorward.domain.accounts.repositories import Connection, mail_budgets
from doorward.domain.outbox.mail import MailKind, MailOrigin

_BOTH_WINDOWS: Final = 2
_SHORTEST_DELAY: Final = timedelta(seconds=1)
ROWS_PER_BATCH: Final = 1000


class _OverBudgetError(Exception):
    """Roll back a mail that was counted in one window only."""


class MailBudgets:
    """Count the mails to an address."""

    def __init__(self, *, database: Database[Connection], clock: Clock, key: bytes) -> None:
        """Take the key of the MACs, which is derived for this purpose only."""
        self._database = database
        self._clock = clock
        self._key = key

    async def spend(self, email_key: str, origin: MailOrigin, kind: MailKind) -> timedelta | None:
        """Count one mail; return None if it may be sent, else the time until the budget has room again.

        Raises ``ServiceUnavailableError``.
        """
        budget, now = self._budget(email_key, origin, kind), self._clock.now()
        try:
            await self._count_in_both_windows(budget, now)
        except _OverBudgetError:
            async with self._database.connection() as connection:
                ends_at = await mail_budgets.find_end_of_windows(connection, budget, MAIL_LIMITS)
            return max(_SHORTEST_DELAY, (ends_at or now) - now)
        return None

    async def refund(self, email_key: str, origin: MailOrigin, kind: MailKind) -> None:
        """Uncount one mail that was not sent. Raises ``ServiceUnavailableError``."""
        async with self._database.connection() as connection:
            await mail_budgets.remove_counted_mail(connection, self._budget(email_key, origin, kind))

    async def _count_in_both_windows(self, budget: MailBudget, now: datetime) -> None:
        async with self._database.transaction() as connection:
            if await mail_budgets.add_counted_mail(connection, budget, MAIL_LIMITS, now=now) < _BOTH_WINDOWS:
                raise _OverBudgetError

    def _budget(self, email_key: str, origin: MailOrigin, kind: MailKind) -> MailBudget:
        return MailBudget(hmac.digest(self._key, email_key.encode(), "sha256"), origin.value, kind.value)


class MailBudgetRetention:
    """Remove counts whose windows have ended."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        """Take the database and the clock."""
        self._database = database
        self._clock = clock

    async def prune(self) -> int:
        """Remove counts whose windows have ended; return how many. Raises ``ServiceUnavailableError``."""
        remove = partial(mail_budgets.remove_old_budgets, began_before=self._clock.now() - MAIL_LIMITS.day_window)
        return await remove_in_batches(self._database, remove, limit=ROWS_PER_BATCH)
