"""The origins of redirect URIs. Pages of these origins may call the endpoints."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Database
from doorward.domain.oauth.authorization_events import OriginsNotRead
from doorward.domain.oauth.redirect_uris import is_loopback, origin_of, origin_without_port
from doorward.domain.oauth.repositories import Connection, redirect_uris
from doorward.observability.logging import report

CACHE_SECONDS: Final = 10
"""How long the origins are cached, in seconds. Until then another instance of the service may not know a change."""

LONGEST_ORIGIN: Final = 512


@frozen
class OriginSet:
    """A set of origins. Loopback origins have no port here, because native applications choose it when they start."""

    exact: frozenset[str] = frozenset()
    on_any_port: frozenset[str] = frozenset()

    @classmethod
    def of_uris(cls, uris: Collection[str]) -> "OriginSet":
        """Return the origins of redirect URIs. A URI with a private-use scheme has no origin."""
        named = [(uri, origin) for uri in uris if (origin := origin_of(uri)) is not None]
        return cls(
            frozenset(origin for uri, origin in named if not is_loopback(uri)),
            frozenset(origin_without_port(origin) for uri, origin in named if is_loopback(uri)),
        )

    def contains(self, origin: str) -> bool:
        """Return whether the origin is in the set."""
        if origin in self.exact:
            return True
        return len(origin) <= LONGEST_ORIGIN and is_loopback(origin) and origin_without_port(origin) in self.on_any_port


class RegisteredOrigins:
    """The origins of all enabled clients, read on demand and cached for ``CACHE_SECONDS``."""

    def __init__(self, *, database: Database[Connection], steady: Callable[[], float] = time.monotonic) -> None:
        """Read the time from ``steady``, a monotonic clock in seconds."""
        self._database = database
        self._steady = steady
        self._lock = asyncio.Lock()
        self._origins = OriginSet()
        self._read_at: float | None = None

    async def contains(self, origin: str) -> bool:
        """Return whether the origin is that of a redirect URI of an enabled client.

        While the database is not available, the origins that were read last stay in use. Only CORS depends on them.
        """
        if self._is_due():
            async with self._lock:
                if self._is_due():
                    await self._read()
        return self._origins.contains(origin)

    def _is_due(self) -> bool:
        return self._read_at is None or self._steady() - self._read_at >= CACHE_SECONDS

    async def _read(self) -> None:
        try:
            async with self._database.connection() as connection:
                self._origins = OriginSet.of_uris(await redirect_uris.list_redirect_uris(connection))
        except ServiceUnavailableError:
            report(OriginsNotRead())
        # Only now: calls meanwhile wait for this read, and if it is cancelled, the next call reads.
        self._read_at = self._steady()
