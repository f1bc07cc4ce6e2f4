"""The number of walks and steps."""

from dataclasses import dataclass


@dataclass
class Tally:
    """The number of walks and steps, and the number of walks until the first violation."""

    walks: int = 0
    steps: int = 0
    walks_to_violation: int | None = None

    def add(self, steps: int, *, is_violated: bool) -> None:
        """Count one walk, unless it has no steps."""
        self.walks += steps > 0 or is_violated
        self.steps += max(0, steps)
        if is_violated and self.walks_to_violation is None:
            self.walks_to_violation = self.walks
