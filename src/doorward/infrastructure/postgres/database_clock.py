"""PostgreSQL's clock, read without a round trip: the time that all copies of the service agree on."""

from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection, AsyncCursor

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.infrastructure.clock import HostClock

MAXIMUM_DRIFT: Final = 0.0005
"""Seconds per second by which two clocks may run apart: the most by which Linux corrects a clock that runs."""

MICROSECONDS: Final = 1_000_000


@frozen
class Offset:
    """What to add to the host's steady clock to get PostgreSQL's time. Seconds; the truth is between the bounds."""

    lowest: float
    highest: float
    measured_at: float
    """By the steady clock."""

    @classmethod
    def measured(cls, *, sent: float, shown: float, received: float) -> "Offset":
        """Return the offset by one measurement: PostgreSQL's clock has shown ``shown`` between the other two times."""
        drift = (received - sent) * MAXIMUM_DRIFT
        return cls(lowest=shown - received, highest=shown - sent + drift, measured_at=received)

    @property
    def middle(self) -> float:
        """Return the estimate. It is wrong by half the distance of the bounds at most."""
        return (self.lowest + self.highest) / 2

    def intersect(self, newer: "Offset") -> "Offset":
        """Return the offset by this estimate and a newer measurement together.

        The bounds of this one grow with its age. When they exclude the newer measurement, PostgreSQL's clock was set,
        or another server answers: then the newer one counts alone.
        """
        drift = abs(newer.measured_at - self.measured_at) * MAXIMUM_DRIFT
        lowest = max(self.lowest - drift, newer.lowest)
        highest = min(self.highest + drift, newer.highest)
        return newer if lowest > highest else Offset(lowest, highest, newer.measured_at)


class DatabaseClock:
    """The domain's ``Clock``: PostgreSQL's time, carried on by the host's steady clock between measurements.

    The host's time of day has no part in it. The error is half of the shortest recent round trip at most, and half a
    millisecond for each second since the last measurement.
    """

    def __init__(self, host: HostClock) -> None:
        """Take the host's clocks. The time is unknown until the first measurement."""
        self._host = host
        self._offset: Offset | None = None
        self._middle: float | None = None

    def now(self) -> datetime:
        """Return the present moment by PostgreSQL's clock. Raises ``ServiceUnavailableError`` while it is unknown."""
        if self._middle is None:
            raise ServiceUnavailableError
        return datetime.fromtimestamp(self._middle + self._host.steady(), UTC)

    def age(self) -> float | None:
        """Return the seconds since the last measurement, or None before the first."""
        return None if self._offset is None else self._host.steady() - self._offset.measured_at

    def difference(self) -> float | None:
        """Return by how many seconds this host's time of day is ahead of PostgreSQL's; None while that is unknown."""
        if self._middle is None:
            return None
        return self._host.time_of_day() - self._host.steady() - self._middle

    def error(self) -> float:
        """Return by how many seconds the last estimate may have been wrong."""
        return 0.0 if self._offset is None else (self._offset.highest - self._offset.lowest) / 2

    async def measure(self, connection: AsyncConnection[Any]) -> None:
        """Ask PostgreSQL for its time: one round trip. Raises ``psycopg.Error``."""
        # Not the connection's own kind of cursor, which may trace statements of requests.
        cursor = AsyncCursor(connection)
        sent = self._host.steady()
        # As a whole number: how a date or a fraction is written depends on settings of the database.
        await cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", prepare=False)
        received = self._host.steady()
        row = await cursor.fetchone()
        if row is not None:
            self.note(Offset.measured(sent=sent, shown=row[0] / MICROSECONDS, received=received))

    def note(self, newer: Offset) -> None:
        """Take a measurement."""
        self._offset = newer if self._offset is None else self._offset.intersect(newer)
        self._middle = self._offset.middle
