"""When a message is tried again, and when a receiver that does not answer is. Pure."""

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
"""After the first, the second ... failed attempt. The last one is repeated."""

JITTER: Final = 0.2
"""The share by which a delay may differ, so that what failed together is not tried again together."""

FAULTS_IN_A_ROW: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)


def delay_after(attempts: int, chance: float) -> timedelta:
    """Return how long to wait after this many attempts; ``chance`` is a random number from 0 to 1."""
    delay = DELAYS[min(max(attempts, 1), len(DELAYS)) - 1]
    return delay * (1 + JITTER * (2 * chance - 1))


@frozen
class Circuit:
    """Whether messages are sent to a channel's receiver: while open, none before ``open_until``, in monotonic seconds.

    After that moment one message is tried. A fault then doubles ``pause``, and an answer closes the circuit.
    """

    faults: int = 0
    pause: timedelta | None = None
    open_until: float = 0

    @property
    def is_open(self) -> bool:
        """Whether the receiver counts as away, also while one message is tried."""
        return self.pause is not None

    def allowed(self, now: float, most: int) -> int:
        """Return how many messages may be tried now, of ``most`` at a time."""
        if not self.is_open:
            return most
        return 0 if now < self.open_until else 1

    def after_answer(self) -> "Circuit":
        """Return the state after the receiver answered, whatever it said."""
        return Circuit()

    def after_fault(self, now: float) -> "Circuit":
        """Return the state after the receiver did not answer. Messages in progress when it opened are not counted."""
        if self.is_open and now < self.open_until:
            return self
        faults = self.faults + 1
        if faults < FAULTS_IN_A_ROW and not self.is_open:
            return Circuit(faults)
        pause = FIRST_PAUSE if self.pause is None else min(2 * self.pause, LONGEST_PAUSE)
        return Circuit(faults, pause, now + pause.total_seconds())
