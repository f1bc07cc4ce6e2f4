"""The time of this machine."""

from datetime import UTC, datetime


class SystemClock:
    """The domain's ``Clock``."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return datetime.now(UTC)
