"""The clock of the walks, which goes when it is told."""

from datetime import UTC, datetime
from typing import Final

START: Final = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""Between two seconds: the times of access tokens are whole ones."""


class SteppedClock:
    """The domain's clock, moved by the walk."""

    def __init__(self) -> None:
        """Begin at the same moment each time."""
        self.present = START

    def now(self) -> datetime:
        """Return where the walk has put it."""
        return self.present
