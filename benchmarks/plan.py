"""How much is measured, in a full or a quick run; and the progress messages."""

import sys
import time
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plan:
    """``seconds`` is the duration of each load, ``logins`` the number per round: each takes a quarter of a second.

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
        """Return the name under which results are stored: quick runs are compared with quick runs."""
        return "quick" if self.is_quick else "full"


WARM_UP_SECONDS: Final = 1.0
"""Duration of load before the first round, in which connections are opened and statements prepared."""


def report_progress(what: str) -> None:
    """Print a progress message."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
