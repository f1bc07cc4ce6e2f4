"""Rate limits: how often one client may make each call, and where the calls are counted."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from doorward.core.networks import ipv6_site
from doorward.core.ports import LimitedCall
from doorward.infrastructure.limits.windows import Limit, LimitWindows
from doorward.settings.limits import LimitSettings

if TYPE_CHECKING:
    from doorward.infrastructure.limits.store import LimitStore


def create_limiter(settings: LimitSettings, clock: Callable[[], float] = time.monotonic) -> "CallLimiter":
    """Return the limiter of one application. ``clock`` is used for the windows in memory.

    Raises ``ImportError`` when the packages of a shared store are not installed, ``ValueError`` for a malformed URI.
    """
    # A missing setting fails the start: without a limit the call would be unprotected.
    limits = {call.value: getattr(settings, f"rate_limit_{call}") for call in LimitedCall}
    uri = settings.rate_limit_storage_uri.get_secret_value()
    store = None
    if not uri.startswith("memory://"):
        from doorward.infrastructure.limits.store import LimitStore  # noqa: PLC0415 - it needs the extra doorward[redis]

        store = LimitStore(uri, settings.rate_limit_storage_timeout_ms / 1000)
    return CallLimiter(
        limits if settings.rate_limit_enabled else {}, store, settings.rate_limit_ipv6_site_factor, clock
    )


class CallLimiter:
    """Counts calls in fixed windows: in the store for all processes, or in this process while it is unavailable.

    An IPv6 client is counted twice: by itself, and in its /48, because one site may have 65,536 clients in a /48.
    """

    def __init__(
        self,
        limits: Mapping[str, str],
        store: "LimitStore | None" = None,
        ipv6_site_factor: int = 16,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Store the limits by the names of the calls, as ``10/minute``; a call without a limit is not counted.

        ``ipv6_site_factor`` multiplies the limit of one client for all clients of an IPv6 /48.
        """
        self._limits = {call: Limit.parse(limit) for call, limit in limits.items()}
        self._site_limits = {call: limit.times(ipv6_site_factor) for call, limit in self._limits.items()}
        self._windows = {call: LimitWindows(limit, clock=clock) for call, limit in self._limits.items()}
        self._site_windows = {call: LimitWindows(limit, clock=clock) for call, limit in self._site_limits.items()}
        self._store = store

    async def count(self, call: str, client: str) -> int:
        """Count one call of a client; return 0 when it is within the limit, else the seconds to wait.

        A call that the client's own limit refuses does not count for its /48.
        """
        if call not in self._limits:
            return 0
        site = ipv6_site(client)
        seconds = None
        if self._store is not None:
            counted = [(self._limits[call], client)]
            if site is not None:
                counted.append((self._site_limits[call], site))
            seconds = await self._store.count(call, counted)
        return self._count_alone(call, client, site) if seconds is None else seconds

    def _count_alone(self, call: str, client: str, site: str | None) -> int:
        seconds = self._windows[call].count(client)
        if seconds or site is None:
            return seconds
        return self._site_windows[call].count(site)

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._store is not None:
            await self._store.close()
