"""The clock of the walks, which only moves when it is set."""

from datetime import UTC, datetime
from typing import Final

START: Final = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""A fraction of a second, because the times of access tokens are whole seconds."""


class SteppedClock:
    """The domain's clock, set by the walk."""

    def __init__(self) -> None:
        """Start at the same moment in every walk."""
        self.present = START

    def now(self) -> datetime:
        """Return the moment that the walk has set."""
        return self.present
