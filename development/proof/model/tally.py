"""How far walks went."""

from dataclasses import dataclass


@dataclass
class Tally:
    """How far all walks went, and how many of them it took to find the first violation."""

    walks: int = 0
    steps: int = 0
    walks_to_violation: int | None = None

    def add(self, steps: int, *, is_violated: bool) -> None:
        """Count one walk. One without a step is none."""
        self.walks += steps > 0 or is_violated
        self.steps += max(0, steps)
        if is_violated and self.walks_to_violation is None:
            self.walks_to_violation = self.walks
