"""A cache of an issuer's public keys, which is fetched when it is needed and survives the issuer's outages.

Nothing is fetched before the first token. Works in several event loops and threads at once, also where each call has an
event loop of its own: a fetch in the background may end with its loop, so some calls wait for theirs.
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

LEAST_LIFETIME_SECONDS: Final = 300.0
LONGEST_LIFETIME_SECONDS: Final = 3600.0
REFRESHED_FROM: Final = 0.8
"""Part of the lifetime after which the next use fetches in the background."""

STALE_SECONDS: Final = 86400.0
"""How long known keys are used after their lifetime while the issuer cannot be reached."""

UNKNOWN_KEY_SECONDS: Final = 30.0
"""At least between two fetches for keys that are not in the set: invented key ids cause no more."""

RETRY_SECONDS: Final = 5.0
AWAITED_SECONDS: Final = 60.0
"""During an outage, the time after which a call waits for its fetch again. Those before are in the background."""

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


@dataclass(slots=True)
class _Flight:
    """One fetch. It says something of the issuer only if a call waited for it, and if its event loop went on."""

    began_at: float
    loop: asyncio.AbstractEventLoop
    is_awaited: bool
    result: Future[PublicKeys] = field(default_factory=Future)
    was_cut_off: bool = False


class KeySet:
    """The keys of one issuer."""

    def __init__(self, source: str | Locate, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the address of the JSON Web Key Set, or what finds it, and what fetches it. ``clock`` is in seconds."""
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
        """Return the keys while they need no fetch, else None: the way of most calls, without a coroutine."""
        return self._keys if self._clock() < self._refresh_at else None

    async def current_keys(self) -> PublicKeys:
        """Return the keys, fetching them when they are not known or too old.

        Raises ``KeysUnavailableError`` when there are none, or none that are young enough.
        """
        now = self._clock()
        is_due = now >= max(self._refresh_at, self._retry_from)
        if is_due and self._must_wait(now):
            try:
                return await self._fetched_keys()
            except KeysUnavailableError:
                _LOGGER.debug("No new keys; those that are known are used.")
        elif is_due:
            self._begin_fetch(is_awaited=False)
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

    def _must_wait(self, now: float) -> bool:
        """Tell whether a call that needs a fetch waits for it. Before the keys are too old, one call at a time does."""
        if self._keys is None:
            return True
        may_use_known = now < self._fresh_until or self._last_failed
        return now >= self._await_from and not (may_use_known and self._is_in_flight(now))

    def _is_in_flight(self, now: float) -> bool:
        # A flight whose event loop stands still may never end.
        flight = self._flight
        return flight is not None and now < flight.began_at + FLIGHT_SECONDS and flight.loop.is_running()

    async def _fetched_keys(self) -> PublicKeys:
        """Wait for the fetch that is in flight, or for a new one. A cancelled caller cancels no other's."""
        try:
            async with asyncio.timeout(FLIGHT_SECONDS):
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
        """Return the fetch that is in flight, or a new one, and whether it is new."""
        now = self._clock()
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._flight is not None and self._is_in_flight(now):
                return self._flight, False
            self._flight = flight = _Flight(now, loop, is_awaited)
            # From here on, the cancellation of a caller that waits for it cannot cancel it.
            flight.result.set_running_or_notify_cancel()
        task = loop.create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._end, flight))
        return flight, True

    async def _fly(self, flight: _Flight) -> None:
        """Fetch, and resolve the flight."""
        try:
            uri = self._source if isinstance(self._source, str) else await self._source()
            fetched = await self._fetch(uri)
            keys = self._store(flight, _parsed(fetched), _lifetime_of(fetched.cache_control))
        except FetchError as error:
            _LOGGER.warning("The keys of an issuer could not be fetched: %s", error)
            self._fail(flight)
        except Exception:
            # The function that fetches has a bug, which the loop reports.
            self._fail(flight)
            raise
        else:
            flight.result.set_result(keys)

    def _end(self, flight: _Flight, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A task that is cancelled before its first step resolves nothing itself.
        if not flight.result.done():
            self._cut_off(flight)

    def _store(self, flight: _Flight, keys: PublicKeys, lifetime: float) -> PublicKeys:
        with self._lock:
            self._land(flight)
            # In an event loop that stood still, an answer may come after that of a later fetch.
            if self._keys is None or flight.began_at >= self._known_at:
                # The same keys stay the same object, so that tokens that were verified with them stay remembered.
                if keys != self._keys:
                    self._keys = keys
                self._known_at = flight.began_at
                self._refresh_at = flight.began_at + lifetime * REFRESHED_FROM
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
                    self._await_from = max(self._await_from, now + AWAITED_SECONDS)
        flight.result.set_exception(_unavailable())

    def _cut_off(self, flight: _Flight) -> None:
        """Make waiting calls fetch for themselves: a fetch that was cancelled says nothing of the issuer."""
        with self._lock:
            flight.was_cut_off = True
            if self._land(flight):
                self._sought_at = -math.inf
                if self._keys is not None:
                    # Calls that always give up too early shall not be held up each time.
                    self._retry_from = self._await_from = self._clock() + RETRY_SECONDS
        flight.result.set_exception(_unavailable())

    def _land(self, flight: _Flight) -> bool:
        """Tell whether the flight was still the newest one, and let another begin."""
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
    return min(max(seconds, LEAST_LIFETIME_SECONDS), LONGEST_LIFETIME_SECONDS)


def _unavailable() -> KeysUnavailableError:
    return KeysUnavailableError("The keys of the issuer are not available.", retry_after_seconds=int(RETRY_SECONDS))
