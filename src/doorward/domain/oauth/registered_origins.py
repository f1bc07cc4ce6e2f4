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

KEPT_SECONDS: Final = 10
"""As long as other copies of the service may take to notice a change."""

LONGEST_ORIGIN: Final = 512


@frozen
class OriginSet:
    """Origins, and those on the user's own machine without their ports, which applications choose as they start."""

    exact: frozenset[str] = frozenset()
    on_any_port: frozenset[str] = frozenset()

    @classmethod
    def of_uris(cls, uris: Collection[str]) -> "OriginSet":
        """Return the origins of redirect URIs. Those with a scheme of their own have none."""
        named = [(uri, origin) for uri in uris if (origin := origin_of(uri)) is not None]
        return cls(
            frozenset(origin for uri, origin in named if not is_loopback(uri)),
            frozenset(origin_without_port(origin) for uri, origin in named if is_loopback(uri)),
        )

    def has(self, origin: str) -> bool:
        """Tell whether a page has one of these origins."""
        if origin in self.exact:
            return True
        return len(origin) <= LONGEST_ORIGIN and is_loopback(origin) and origin_without_port(origin) in self.on_any_port


class RegisteredOrigins:
    """The origins of all clients, read when a page asks, and kept for some seconds."""

    def __init__(self, *, database: Database[Connection], steady: Callable[[], float] = time.monotonic) -> None:
        """Take the database, and a clock that is never set back."""
        self._database = database
        self._steady = steady
        self._lock = asyncio.Lock()
        self._origins = OriginSet()
        self._read_at: float | None = None

    async def has(self, origin: str) -> bool:
        """Tell whether a client's browsers are sent back to this origin.

        While the database cannot be read, the origins that were read last are used. Nothing but CORS depends on them.
        """
        if self._is_due():
            async with self._lock:
                if self._is_due():
                    await self._read()
        return self._origins.has(origin)

    def _is_due(self) -> bool:
        return self._read_at is None or self._steady() - self._read_at >= KEPT_SECONDS

    async def _read(self) -> None:
        self._read_at = self._steady()
        try:
            async with self._database.connection() as connection:
                self._origins = OriginSet.of_uris(await redirect_uris.list_redirect_uris(connection))
        except ServiceUnavailableError:
            report(OriginsNotRead())
