"""A cache of an issuer's public keys, which are fetched on demand and stay usable during outages of the issuer.

Nothing is fetched before the first token. The cache works in several event loops and threads at once, even if each call
has its own event loop: a background fetch may be cancelled with its loop, so some calls wait for their fetch.
"""

import asyncio
import functools
import logging
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from doorward_client.exceptions import FetchError, KeysUnavailableError
from doorward_client.public_keys import PublicKeys, parse_key_set

MINIMUM_LIFETIME_SECONDS: Final = 300.0
MAXIMUM_LIFETIME_SECONDS: Final = 3600.0
REFRESH_FRACTION: Final = 0.8
"""The fraction of the lifetime after which the next use starts a fetch in the background."""

STALE_SECONDS: Final = 86400.0
"""How long known keys stay in use after their lifetime while the issuer is not available."""

UNKNOWN_KEY_SECONDS: Final = 30.0
"""Minimum time between two fetches for unknown key ids, so that invented key ids cause no more fetches."""

RETRY_SECONDS: Final = 5.0
OUTAGE_WAIT_SECONDS: Final = 60.0
"""During an outage, the time after which a call waits for its fetch again.

Until then, fetches run in the background.
"""

FETCH_TIMEOUT_SECONDS: Final = 8.0
"""Time limit of a fetch, whatever the fetch function does. It covers metadata and key set together."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,10})(?=$|[\s,])", re.IGNORECASE)
_LOGGER: Final = logging.getLogger("doorward_client")


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """The response to a GET: the body, and the header ``Cache-Control``, empty if there is none."""

    body: bytes
    cache_control: str = ""


Fetch = Callable[[str], Awaitable[FetchedKeys]]
"""Fetches an address. Raises ``FetchError`` for every failure of the network or the server."""

Locate = Callable[[], Awaitable[str]]
"""Finds the address of a key set, for example in the issuer's metadata. Raises ``FetchError``."""


@dataclass(slots=True)
class _Flight:
    """One fetch. Its failure counts only if a call waited for it, and if its event loop kept running."""

    began_at: float
    loop: asyncio.AbstractEventLoop
    is_awaited: bool
    result: Future[PublicKeys] = field(default_factory=Future)
    was_cut_off: bool = False


class KeySet:
    """The cached keys of one issuer."""

    def __init__(self, source: str | Locate, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Fetch the JSON Web Key Set from ``source``, its address or a function that finds it.

        ``clock`` is in seconds.
        """
        self._source = source
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: PublicKeys | None = None
        self._known_at = -math.inf
        self._refresh_at = -math.inf
        self._await_from = -math.inf
        self._fresh_until = -math.inf
        self._retry_from = -math.inf
        self._last_failed = False
        self._sought_at = -math.inf
        self._flight: _Flight | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def fresh_keys(self) -> PublicKeys | None:
        """Return the keys if they need no fetch, else None. Most calls take this path, without a coroutine."""
        return self._keys if self._clock() < self._refresh_at else None

    async def current_keys(self) -> PublicKeys:
        """Return the keys; fetch them if they are not known or too old.

        Raises ``KeysUnavailableError`` if there are none, or only keys that are too old.
        """
        now = self._clock()
        is_due = now >= max(self._refresh_at, self._retry_from)
        if is_due and self._must_wait(now):
            try:
                return await self._fetched_keys()
            except KeysUnavailableError:
                _LOGGER.debug("New keys could not be fetched; the known keys stay in use.")
        elif is_due:
            self._begin_fetch(is_awaited=False)
        return self._usable_keys(now)

    async def refetch_for_unknown_key(self) -> PublicKeys:
        """Return the keys after a fetch for an unknown key id, at most one fetch in 30 s.

        Raises ``KeysUnavailableError`` while the issuer is not available.
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

    def _must_wait(self, now: float) -> bool:
        """Return whether a call that needs a fetch must wait for it.

        While known keys may be used, only one call waits.
        """
        if self._keys is None:
            return True
        may_use_known = now < self._fresh_until or self._last_failed
        return now >= self._await_from and not (may_use_known and self._is_in_flight(now))

    def _is_in_flight(self, now: float) -> bool:
        # A fetch whose event loop has stopped may never end.
        flight = self._flight
        return flight is not None and now < flight.began_at + FETCH_TIMEOUT_SECONDS and flight.loop.is_running()

    async def _fetched_keys(self) -> PublicKeys:
        """Wait for the current fetch, or for a new one. A cancelled caller does not cancel it for others."""
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                while True:
                    flight, is_own = self._begin_fetch(is_awaited=True)
                    try:
                        return await asyncio.wrap_future(flight.result)
                    except KeysUnavailableError:
                        if is_own or (flight.is_awaited and not flight.was_cut_off):
                            raise
        except TimeoutError as error:
            raise _unavailable() from error

    def _begin_fetch(self, *, is_awaited: bool) -> tuple[_Flight, bool]:
        """Return the current fetch or a new one, and whether it is new."""
        now = self._clock()
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._flight is not None and self._is_in_flight(now):
                return self._flight, False
            self._flight = flight = _Flight(now, loop, is_awaited)
            # From here on, the cancellation of a waiting caller does not cancel the future.
            flight.result.set_running_or_notify_cancel()
        task = loop.create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._end, flight))
        return flight, True

    async def _fly(self, flight: _Flight) -> None:
        """Fetch the keys, and resolve the future of the flight."""
        try:
            uri = self._source if isinstance(self._source, str) else await self._source()
            fetched = await self._fetch(uri)
            keys = self._store(flight, _parsed(fetched), _lifetime_of(fetched.cache_control))
        except FetchError as error:
            _LOGGER.warning("The keys of an issuer could not be fetched: %s", error)
            self._fail(flight)
        except Exception:
            # The fetch function has a bug. The event loop reports it.
            self._fail(flight)
            raise
        else:
            flight.result.set_result(keys)

    def _end(self, flight: _Flight, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A task that is cancelled before its first step has not resolved the future.
        if not flight.result.done():
            self._cut_off(flight)

    def _store(self, flight: _Flight, keys: PublicKeys, lifetime: float) -> PublicKeys:
        with self._lock:
            self._land(flight)
            # If its event loop was stopped meanwhile, this response may be older than that of a later fetch.
            if self._keys is None or flight.began_at >= self._known_at:
                # Equal keys stay the same object, so that the cache of verified tokens stays valid.
                if keys != self._keys:
                    self._keys = keys
                self._known_at = flight.began_at
                self._refresh_at = flight.began_at + lifetime * REFRESH_FRACTION
                self._await_from = self._fresh_until = flight.began_at + lifetime
                self._last_failed = False
            return self._keys or keys

    def _fail(self, flight: _Flight) -> None:
        with self._lock:
            if self._land(flight):
                now = self._clock()
                self._retry_from = now + RETRY_SECONDS
                self._last_failed = True
                if flight.is_awaited:
                    self._await_from = max(self._await_from, now + OUTAGE_WAIT_SECONDS)
        flight.result.set_exception(_unavailable())

    def _cut_off(self, flight: _Flight) -> None:
        """Make waiting calls start their own fetch: a cancelled fetch says nothing about the issuer."""
        with self._lock:
            flight.was_cut_off = True
            if self._land(flight):
                self._sought_at = -math.inf
                if self._keys is not None:
                    # Otherwise, if callers always time out early, every call would wait.
                    self._retry_from = self._await_from = self._clock() + RETRY_SECONDS
        flight.result.set_exception(_unavailable())

    def _land(self, flight: _Flight) -> bool:
        """End the flight, so that another can begin; return whether it was still the newest one."""
        if self._flight is not flight:
            return False
        self._flight = None
        return True


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
    return min(max(seconds, MINIMUM_LIFETIME_SECONDS), MAXIMUM_LIFETIME_SECONDS)


def _unavailable() -> KeysUnavailableError:
    return KeysUnavailableError("The keys of the issuer are not available.", retry_after_seconds=int(RETRY_SECONDS))
