"""PostgreSQL's clock, estimated without a round trip: the common time of all copies of the service."""

from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection, AsyncCursor

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.infrastructure.clock import HostClock

MAXIMUM_DRIFT: Final = 0.0005
"""Maximum drift between two clocks, in seconds per second: the most by which Linux slews a running clock."""

MICROSECONDS: Final = 1_000_000


@frozen
class Offset:
    """Seconds to add to the host's steady clock to get PostgreSQL's time. The true value is between the bounds."""

    lowest: float
    highest: float
    measured_at: float
    """On the host's steady clock."""

    @classmethod
    def measured(cls, *, sent: float, shown: float, received: float) -> "Offset":
        """Return the offset of one measurement: PostgreSQL's clock was at ``shown`` between the other two times."""
        drift = (received - sent) * MAXIMUM_DRIFT
        return cls(lowest=shown - received, highest=shown - sent + drift, measured_at=received)

    @property
    def middle(self) -> float:
        """Return the estimate. Its error is at most half the distance between the bounds."""
        return (self.lowest + self.highest) / 2

    def intersect(self, newer: "Offset") -> "Offset":
        """Return the offset that both this estimate and a newer measurement allow.

        The bounds of this estimate widen with its age. If they exclude the newer measurement, PostgreSQL's clock was
        set, or another server answers: the newer measurement then replaces this estimate.
        """
        drift = abs(newer.measured_at - self.measured_at) * MAXIMUM_DRIFT
        lowest = max(self.lowest - drift, newer.lowest)
        highest = min(self.highest + drift, newer.highest)
        return newer if lowest > highest else Offset(lowest, highest, newer.measured_at)


class DatabaseClock:
    """The domain's ``Clock``: PostgreSQL's time, extrapolated by the host's steady clock between measurements.

    The host's time of day is not used. The error is at most half of the shortest recent round trip, plus half a
    millisecond for each second since the last measurement.
    """

    def __init__(self, host: HostClock) -> None:
        """Store the host's clocks. The time is unknown until the first measurement."""
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
        """Return the maximum error of the last estimate, in seconds."""
        return 0.0 if self._offset is None else (self._offset.highest - self._offset.lowest) / 2

    async def measure(self, connection: AsyncConnection[Any]) -> None:
        """Read PostgreSQL's time: one round trip. Raises ``psycopg.Error``."""
        # A plain cursor: that of the connection may trace its statements as part of a request.
        cursor = AsyncCursor(connection)
        sent = self._host.steady()
        # As a whole number: the text form of dates and fractions depends on settings of the database.
        await cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", prepare=False)
        received = self._host.steady()
        row = await cursor.fetchone()
        if row is not None:
            self.note(Offset.measured(sent=sent, shown=row[0] / MICROSECONDS, received=received))

    def note(self, newer: Offset) -> None:
        """Combine the estimate with a new measurement."""
        self._offset = newer if self._offset is None else self._offset.intersect(newer)
        self._middle = self._offset.middle
