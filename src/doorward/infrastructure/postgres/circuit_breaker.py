"""Refuses calls at once while PostgreSQL does not answer, and lets one through now and then to ask."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from circuitbreaker import CircuitBreaker

from doorward.core.exceptions import ServiceUnavailableError
from doorward.observability.logging import get_logger

FAULTS_IN_A_ROW: Final = 5
OPEN_SECONDS: Final = 2

_ENDED_BY_SERVER: Final = ("08", "57P")
"""SQLSTATEs of a connection that ended: no sign that the next one would be answered, nor that it would not."""

logger = get_logger()


class UnansweredError(psycopg.OperationalError):
    """PostgreSQL gave no connection, or was silent on one. What the circuit breaker counts; nothing else is."""


class DatabaseBreaker:
    """Closed while PostgreSQL answers; open after ``FAULTS_IN_A_ROW`` attempts that it did not answer.

    An error that PostgreSQL reports is an answer: a violated constraint, a time limit, a lock that others hold. A
    caller who went away, or a pool that is busy, says nothing of PostgreSQL and changes nothing.
    """

    def __init__(self) -> None:
        """Begin closed."""
        self._circuit = CircuitBreaker(FAULTS_IN_A_ROW, OPEN_SECONDS, UnansweredError, "database")
        self._is_probing = False

    @contextmanager
    def attempt(self, *, may_probe: bool = True) -> Iterator[None]:
        """Surround one use of the database. Raises ``ServiceUnavailableError`` at once while open.

        Every ``OPEN_SECONDS``, one attempt at a time goes through as a probe; an answer closes the breaker for all.
        One that takes long by nature should be none.
        """
        is_probe = not self._circuit.closed
        if is_probe:
            self._begin_probe(may_probe=may_probe)
        try:
            yield
        except UnansweredError as fault:
            self._count(fault)
            raise
        except psycopg.Error as error:
            if error.sqlstate is not None and not error.sqlstate.startswith(_ENDED_BY_SERVER):
                self._close()
            raise
        else:
            self._close()
        finally:
            if is_probe:
                self._is_probing = False

    def _begin_probe(self, *, may_probe: bool) -> None:
        if self._circuit.opened:
            raise ServiceUnavailableError(retry_after_seconds=max(1, self._circuit.open_remaining))
        if self._is_probing or not may_probe:
            raise ServiceUnavailableError(retry_after_seconds=OPEN_SECONDS)
        self._is_probing = True

    def _count(self, fault: UnansweredError) -> None:
        if self._circuit.opened:
            # It began before the breaker opened, and must not keep it open longer.
            return
        was_closed = self._circuit.closed
        with suppress(UnansweredError), self._circuit:
            raise fault
        if was_closed and not self._circuit.closed:
            logger.warning("database.circuit.opened", faults=self._circuit.failure_count)

    def _close(self) -> None:
        if not self._circuit.closed:
            logger.info("database.circuit.closed")
        self._circuit.reset()
