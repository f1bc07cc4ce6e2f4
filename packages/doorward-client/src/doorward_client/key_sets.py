"""A cache of an issuer's public keys, which is fetched when it is needed and survives the issuer's outages.

Nothing is fetched before the first token. Works in several event loops and threads at once.
"""

import asyncio
import logging
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from doorward_client.exceptions import FetchError, KeysUnavailableError
from doorward_client.public_keys import PublicKeys, parse_key_set

LEAST_LIFETIME_SECONDS: Final = 300.0
LONGEST_LIFETIME_SECONDS: Final = 3600.0
REFRESHED_FROM: Final = 0.8
"""Part of the lifetime after which the next use fetches in the background."""

STALE_SECONDS: Final = 86400.0
"""How long known keys are used after their lifetime while the issuer cannot be reached."""

UNKNOWN_KEY_SECONDS: Final = 30.0
"""At least between two fetches for keys that are not in the set: invented key ids cause no more."""

RETRY_SECONDS: Final = 5.0
FLIGHT_SECONDS: Final = 8.0
"""Longest wait for a fetch, whatever the function that fetches does: metadata and key set in a row."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,10})(?=$|[\s,])", re.IGNORECASE)
_LOGGER: Final = logging.getLogger("doorward_client")


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """What a GET answered: the body, and the header ``Cache-Control`` or an empty text."""

    body: bytes
    cache_control: str = ""


Fetch = Callable[[str], Awaitable[FetchedKeys]]
"""GETs an address. Raises ``FetchError`` for whatever the network or the other side does."""

Locate = Callable[[], Awaitable[str]]
"""Finds the address of a key set, such as by the issuer's metadata. Raises ``FetchError``."""


class KeySet:
    """The keys of one issuer."""

    def __init__(self, source: str | Locate, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the address of the JSON Web Key Set, or what finds it, and what fetches it. ``clock`` is in seconds."""
        self._source = source
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: PublicKeys | None = None
        self._refresh_at = -math.inf
        self._fresh_until = -math.inf
        self._failed_at = -math.inf
        self._last_failed = False
        self._sought_at = -math.inf
        self._flight: Future[PublicKeys] | None = None
        self._flight_began_at = -math.inf
        self._tasks: set[asyncio.Task[None]] = set()

    def fresh_keys(self) -> PublicKeys | None:
        """Return the keys while they need no fetch, else None: the way of most calls, without a coroutine."""
        return self._keys if self._clock() < self._refresh_at else None

    async def current_keys(self) -> PublicKeys:
        """Return the keys, fetching them when they are not known or too old.

        Raises ``KeysUnavailableError`` when there are none, or none that are young enough.
        """
        now = self._clock()
        may_fetch = now >= self._failed_at + RETRY_SECONDS
        if self._keys is not None and (now < self._fresh_until or self._last_failed):
            # Before the end of the lifetime, or during an outage: no call waits.
            if may_fetch and now >= self._refresh_at:
                self._begin_fetch()
            return self._usable_keys(now)
        if may_fetch:
            try:
                return await self._fetched_keys()
            except KeysUnavailableError:
                _LOGGER.debug("No new keys; those that are known are used.")
        return self._usable_keys(now)

    async def keys_after_unknown(self) -> PublicKeys:
        """Return the keys after a look for new ones, at most one fetch in 30 s: a token named a key that is not known.

        Raises ``KeysUnavailableError`` while the issuer cannot be asked.
        """
        now = self._clock()
        with self._lock:
            may_fetch = now >= self._sought_at + UNKNOWN_KEY_SECONDS
            if may_fetch:
                self._sought_at = now
        if may_fetch or self._flight is not None:
            return await self._fetched_keys()
        if self._last_failed:
            raise _unavailable()
        return self._usable_keys(now)

    def _usable_keys(self, now: float) -> PublicKeys:
        if self._keys is None or now >= self._fresh_until + STALE_SECONDS:
            raise _unavailable()
        return self._keys

    async def _fetched_keys(self) -> PublicKeys:
        """Wait for the fetch that is in flight, or for a new one. A cancelled caller cancels no other's."""
        waiting = asyncio.wrap_future(self._begin_fetch())
        try:
            async with asyncio.timeout(FLIGHT_SECONDS):
                return await waiting
        except TimeoutError as error:
            raise _unavailable() from error

    def _begin_fetch(self) -> Future[PublicKeys]:
        now = self._clock()
        with self._lock:
            # A flight whose event loop was closed never ends: it counts for its longest time.
            if self._flight is not None and now < self._flight_began_at + FLIGHT_SECONDS:
                return self._flight
            flight: Future[PublicKeys] = Future()
            # From here on, the cancellation of a caller that waits for it cannot cancel it.
            flight.set_running_or_notify_cancel()
            self._flight, self._flight_began_at = flight, now
        task = asyncio.get_running_loop().create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    async def _fly(self, flight: Future[PublicKeys]) -> None:
        """Fetch, and resolve the flight, whatever happens."""
        try:
            uri = self._source if isinstance(self._source, str) else await self._source()
            fetched = await self._fetch(uri)
            keys = self._store(_parsed(fetched), _lifetime_of(fetched.cache_control))
        except FetchError as error:
            _LOGGER.warning("The keys of an issuer could not be fetched: %s", error)
            self._fail()
            self._land(flight, _unavailable())
        except BaseException:
            # The loop ends, or the function that fetches has a bug, which the loop reports.
            self._fail()
            self._land(flight, _unavailable())
            raise
        else:
            self._land(flight, keys)

    def _store(self, keys: PublicKeys, lifetime: float) -> PublicKeys:
        with self._lock:
            now = self._clock()
            # The same keys stay the same object, so that tokens that were verified with them stay remembered.
            if keys != self._keys:
                self._keys = keys
            self._refresh_at = now + lifetime * REFRESHED_FROM
            self._fresh_until = now + lifetime
            self._last_failed = False
            return self._keys or keys

    def _fail(self) -> None:
        with self._lock:
            self._failed_at = self._clock()
            self._last_failed = True

    def _land(self, flight: Future[PublicKeys], outcome: PublicKeys | KeysUnavailableError) -> None:
        with self._lock:
            if self._flight is flight:
                self._flight = None
        if isinstance(outcome, PublicKeys):
            flight.set_result(outcome)
        else:
            flight.set_exception(outcome)


def _parsed(fetched: FetchedKeys) -> PublicKeys:
    try:
        keys = parse_key_set(fetched.body)
    except ValueError as error:
        raise FetchError(f"The key set is not usable. {error}") from error
    if not len(keys):
        raise FetchError("The key set has no usable key.")
    return keys


def _lifetime_of(cache_control: str) -> float:
    found = _MAX_AGE.search(cache_control)
    seconds = float(found[1]) if found else 0.0
    return min(max(seconds, LEAST_LIFETIME_SECONDS), LONGEST_LIFETIME_SECONDS)


def _unavailable() -> KeysUnavailableError:
    return KeysUnavailableError("The keys of the issuer are not available.", retry_after_seconds=int(RETRY_SECONDS))
