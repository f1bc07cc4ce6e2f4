"""The circuit breaker: refuses calls at once while PostgreSQL does not answer, except for one probe at intervals."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from typing import Final

import psycopg

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.observability.database_events import DatabaseCircuitClosed, DatabaseCircuitOpened
from doorward.observability.logging import report

FAULTS_IN_A_ROW: Final = 5
OPEN_SECONDS: Final = 2

_ENDED_BY_SERVER: Final = ("08", "57P")
"""SQLSTATEs of a connection that ended. They say nothing about whether the next one will be answered."""


class UnansweredError(psycopg.OperationalError):
    """PostgreSQL gave no connection, or did not answer on one. The only error that the circuit breaker counts."""


class Outcome(Enum):
    """Whether PostgreSQL answered during one use of the database."""

    ANSWERED = auto()
    UNANSWERED = auto()
    UNKNOWN = auto()


class Admission(Enum):
    """How a use of the database may begin."""

    REGULAR = auto()
    PROBE = auto()
    REFUSED = auto()


@frozen
class BreakerState:
    """The breaker's state: closed if ``open_until`` is None, open before that time, half open from then on.

    ``faults`` counts the unanswered uses in a row. Times are in seconds of a monotonic clock.
    """

    faults: int = 0
    open_until: float | None = None
    is_probing: bool = False

    def admission(self, now: float, *, may_probe: bool) -> Admission:
        """Return how a use may begin now. While half open, one probe at a time is admitted."""
        if self.open_until is None:
            return Admission.REGULAR
        is_refused = now < self.open_until or self.is_probing or not may_probe
        return Admission.REFUSED if is_refused else Admission.PROBE

    def retry_after_seconds(self, now: float) -> int:
        """Return the seconds until a refused use may be retried: at the next probe, or after the present one."""
        remaining = (self.open_until or now) - now
        return max(1, math.ceil(remaining)) if remaining > 0 else OPEN_SECONDS

    def after(self, outcome: Outcome, now: float) -> "BreakerState":
        """Return the state after a use that was not refused has ended. ``is_probing`` is not changed."""
        if outcome is Outcome.ANSWERED:
            return BreakerState(is_probing=self.is_probing)
        is_open = self.open_until is not None and now < self.open_until
        if outcome is Outcome.UNKNOWN or is_open:
            # A fault while open comes from a use that began earlier. It must not keep the circuit open longer.
            return self
        faults = self.faults + 1
        is_tripped = faults >= FAULTS_IN_A_ROW or self.open_until is not None
        return BreakerState(faults, now + OPEN_SECONDS if is_tripped else None, self.is_probing)


class DatabaseBreaker:
    """Closed while PostgreSQL answers; open after ``FAULTS_IN_A_ROW`` uses that it did not answer.

    An error that PostgreSQL reports counts as an answer: a violated constraint, a timeout, a lock held elsewhere. A
    cancelled caller or an exhausted pool shows nothing about PostgreSQL and changes nothing.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin closed; ``now`` returns the time in seconds."""
        self._now = now
        self._circuit = BreakerState()

    @contextmanager
    def attempt(self, *, may_probe: bool = True) -> Iterator[None]:
        """Guard one use of the database. Raises ``ServiceUnavailableError`` at once while open.

        Every ``OPEN_SECONDS`` one use is admitted as a probe; if it is answered, the breaker closes. Pass
        ``may_probe=False`` for a use that takes long.
        """
        admission = self._circuit.admission(self._now(), may_probe=may_probe)
        if admission is Admission.REFUSED:
            raise ServiceUnavailableError(retry_after_seconds=self._circuit.retry_after_seconds(self._now()))
        if admission is Admission.PROBE:
            self._circuit = replace(self._circuit, is_probing=True)
        outcome = Outcome.UNKNOWN
        try:
            yield
            outcome = Outcome.ANSWERED
        except psycopg.Error as error:
            outcome = _outcome_of(error)
            raise
        finally:
            self._end(outcome)
            if admission is Admission.PROBE:
                self._circuit = replace(self._circuit, is_probing=False)

    def _end(self, outcome: Outcome) -> None:
        before, self._circuit = self._circuit, self._circuit.after(outcome, self._now())
        if before.open_until is None and self._circuit.open_until is not None:
            report(DatabaseCircuitOpened(faults=self._circuit.faults))
        elif before.open_until is not None and self._circuit.open_until is None:
            report(DatabaseCircuitClosed())


def _outcome_of(error: psycopg.Error) -> Outcome:
    if isinstance(error, UnansweredError):
        return Outcome.UNANSWERED
    is_reported = error.sqlstate is not None and not error.sqlstate.startswith(_ENDED_BY_SERVER)
    return Outcome.ANSWERED if is_reported else Outcome.UNKNOWN
