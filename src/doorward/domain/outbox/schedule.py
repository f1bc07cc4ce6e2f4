"""The retry schedule of messages, and the circuit breaker of receivers that do not answer. No side effects."""

from datetime import timedelta
from typing import Final

from doorward.core.frozen import frozen

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
)
"""Delays after the first, the second ... failed attempt. The last delay is repeated."""

JITTER: Final = 0.2
"""Share by which a delay may differ, so that messages that failed together are not retried together."""

FAULTS_IN_A_ROW: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)


def delay_after(attempts: int, chance: float) -> timedelta:
    """Return the delay after this many attempts; ``chance`` is a random number from 0 to 1."""
    delay = DELAYS[min(max(attempts, 1), len(DELAYS)) - 1]
    return delay * (1 + JITTER * (2 * chance - 1))


@frozen
class Circuit:
    """The circuit breaker of a channel's receiver: while open, no message is sent before ``open_until``.

    After that time, in monotonic seconds, one message is tried. A fault then doubles ``pause``, and an answer closes
    the circuit.
    """

    faults: int = 0
    pause: timedelta | None = None
    open_until: float = 0

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open. It stays open while one message is tried."""
        return self.pause is not None

    def allowed(self, now: float, maximum: int) -> int:
        """Return how many messages may be tried at the same time now, up to ``maximum``."""
        if not self.is_open:
            return maximum
        return 0 if now < self.open_until else 1

    def after_answer(self) -> "Circuit":
        """Return the state after any answer of the receiver."""
        return Circuit()

    def after_fault(self, now: float) -> "Circuit":
        """Return the state after the receiver did not answer. While paused, faults of earlier sends are not counted."""
        if self.is_open and now < self.open_until:
            return self
        faults = self.faults + 1
        if faults < FAULTS_IN_A_ROW and not self.is_open:
            return Circuit(faults)
        pause = FIRST_PAUSE if self.pause is None else min(2 * self.pause, LONGEST_PAUSE)
        return Circuit(faults, pause, now + pause.total_seconds())
