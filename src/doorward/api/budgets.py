"""Limits on the concurrent requests of one address and of one user, and log lines for refused requests."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Final
from uuid import UUID

from starlette.types import Scope

from doorward.api.exceptions import ImportUnderWayError, TooManyCallsOfAddressError, TooManyCallsOfUserError
from doorward.observability.events import BudgetExceeded
from doorward.observability.logging import report

LOG_INTERVAL_SECONDS: Final = 1.0
"""Interval in which further refusals by the same budget share one log line."""

CALL_RETRY_SECONDS: Final = 1
IMPORT_RETRY_SECONDS: Final = 10
"""An import usually takes seconds, and at most two minutes."""

_COUNTED_CALLER: Final = "doorward.counted_caller"


class RefusalLog:
    """Logs refusals by budgets: the first one immediately, those of the next ``LOG_INTERVAL_SECONDS`` in one line."""

    def __init__(self) -> None:
        """Start with no refusals."""
        self._unreported: Counter[str] = Counter()

    def count(self, budget: str) -> None:
        """Count one refusal by the budget of this name."""
        if budget in self._unreported:
            self._unreported[budget] += 1
            return
        self._unreported[budget] = 0
        report(BudgetExceeded(budget=budget, refused=1))
        # Run in an empty context: the later refusals belong to other requests.
        asyncio.get_running_loop().call_later(LOG_INTERVAL_SECONDS, self._report, budget, context=Context())

    def _report(self, budget: str) -> None:
        refused = self._unreported.pop(budget)
        if refused:
            report(BudgetExceeded(budget=budget, refused=refused))


class CallsInFlight:
    """Counts the concurrent requests of each address and each user in this process."""

    def __init__(self, *, per_address: int, per_user: int) -> None:
        """Set the maximum of each."""
        self._per_address = per_address
        self._per_user = per_user
        self._of_address: dict[str, int] = {}
        self._of_caller: dict[Hashable, int] = {}
        self._importing: set[UUID] = set()

    def begin(self, client: str) -> None:
        """Count a request of an address until ``end``. Raises ``TooManyCallsOfAddressError``."""
        number = self._of_address.get(client, 0)
        if number >= self._per_address:
            raise TooManyCallsOfAddressError(CALL_RETRY_SECONDS)
        self._of_address[client] = number + 1

    def begin_for_caller(self, scope: Scope, key: Hashable) -> None:
        """Count the request for its authenticated caller, too, until ``end``. Raises ``TooManyCallsOfUserError``."""
        number = self._of_caller.get(key, 0)
        if number >= self._per_user:
            raise TooManyCallsOfUserError(CALL_RETRY_SECONDS)
        self._of_caller[key] = number + 1
        scope[_COUNTED_CALLER] = key

    @contextmanager
    def single_import(self, user_id: UUID) -> Iterator[None]:
        """Allow the user only one import at a time. Raises ``ImportUnderWayError``."""
        if user_id in self._importing:
            raise ImportUnderWayError(IMPORT_RETRY_SECONDS)
        self._importing.add(user_id)
        try:
            yield
        finally:
            self._importing.remove(user_id)

    def end(self, scope: Scope, client: str) -> None:
        """Remove a finished request from the counts."""
        if remaining := self._of_address.pop(client) - 1:
            self._of_address[client] = remaining
        key = scope.get(_COUNTED_CALLER)
        if key is not None and (remaining := self._of_caller.pop(key) - 1):
            self._of_caller[key] = remaining
