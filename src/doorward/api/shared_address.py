"""Detects that most requests come from one private address: that of a proxy whose X-Forwarded-For is not trusted."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from doorward.core.networks import is_private
from doorward.core.ports import LimitedCall
from doorward.observability.address_events import ClientAddressShared
from doorward.observability.logging import report

SAMPLE: Final = 100
"""Number of calls in one sample."""

SILENT_SECONDS: Final = 3600

CALLS_OF_SERVICES: Final = frozenset({LimitedCall.OAUTH_TOKEN, LimitedCall.OAUTH_REVOKE, LimitedCall.INTROSPECT})
"""Calls to ignore: they come from a few services, which have private addresses."""


def shared_address(calls_of: Counter[str]) -> str | None:
    """Return the private address of more than half of the calls, or None."""
    ((client, calls),) = calls_of.most_common(1)
    return client if calls > calls_of.total() / 2 and is_private(client) else None


class SharedAddressWatch:
    """Counts the rate-limited calls of each address. Most calls cost only one dictionary operation."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start with no calls; ``now`` returns the time in seconds."""
        self._now = now
        self._calls_of: Counter[str] = Counter()
        self._remaining = SAMPLE
        self._silent_until = now()

    def count(self, call: LimitedCall, client: str) -> None:
        """Count a call of a client."""
        if call in CALLS_OF_SERVICES:
            return
        self._calls_of[client] += 1
        self._remaining -= 1
        if not self._remaining:
            self._report_shared_address()
            self._calls_of.clear()
            self._remaining = SAMPLE

    def _report_shared_address(self) -> None:
        peer = shared_address(self._calls_of)
        if peer is not None and self._now() >= self._silent_until:
            self._silent_until = self._now() + SILENT_SECONDS
            report(ClientAddressShared(peer=peer, calls=self._calls_of[peer], total=SAMPLE))
