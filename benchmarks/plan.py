"""How much is measured: everything, or a quick look; and how a measurement tells what it is doing."""

import sys
import time
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plan:
    """``seconds`` is how long each load lasts, ``logins`` how many make a round: each takes a quarter of a second.

    ``with_peers``: whether peers are measured, too.
    """

    is_quick: bool
    rounds: int
    seconds: float
    logins: int
    memory_minutes: float
    with_peers: bool

    @property
    def kind(self) -> str:
        """Return under which name results are kept: quick ones are compared with quick ones."""
        return "quick" if self.is_quick else "full"


WARM_UP_SECONDS: Final = 1.0
"""Of load before the first round: connections are made, statements prepared."""


def say(what: str) -> None:
    """Tell the person at the terminal."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
