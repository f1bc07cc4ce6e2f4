"""Notices that most clients have one private address: that of a proxy whose forwarding header is not believed."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from doorward.core.networks import is_private
from doorward.core.ports import LimitedCall
from doorward.observability.address_events import ClientAddressShared
from doorward.observability.logging import report

SAMPLE: Final = 100
"""Calls that are looked at together."""

SILENT_SECONDS: Final = 3600

CALLS_OF_SERVICES: Final = frozenset({LimitedCall.OAUTH_TOKEN, LimitedCall.OAUTH_REVOKE, LimitedCall.INTROSPECT})
"""Made by services, which have private addresses and are few."""


def shared_address(calls_of: Counter[str]) -> str | None:
    """Return the private address that more than half of the calls came from, if there is one."""
    ((client, calls),) = calls_of.most_common(1)
    return client if calls > calls_of.total() / 2 and is_private(client) else None


class SharedAddressWatch:
    """Counts the calls with a limit of each address. One dictionary operation for most of them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin without calls; ``now`` tells the time in seconds."""
        self._now = now
        self._calls_of: Counter[str] = Counter()
        self._remaining = SAMPLE
        self._silent_until = now()

    def note(self, call: LimitedCall, client: str) -> None:
        """Count a call of a client."""
        if call in CALLS_OF_SERVICES:
            return
        self._calls_of[client] += 1
        self._remaining -= 1
        if not self._remaining:
            self._judge()
            self._calls_of.clear()
            self._remaining = SAMPLE

    def _judge(self) -> None:
        peer = shared_address(self._calls_of)
        if peer is not None and self._now() >= self._silent_until:
            self._silent_until = self._now() + SILENT_SECONDS
            report(ClientAddressShared(peer=peer, calls=self._calls_of[peer], total=SAMPLE))
