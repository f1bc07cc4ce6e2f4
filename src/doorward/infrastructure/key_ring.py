"""The key ring: the keys that sign tokens for other services, and the tokens that they verified.

Does not import ``cryptography``: without keys it is not needed.
"""

import asyncio
import functools
import hashlib
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final, Protocol

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, SealedDataError
from doorward.core.principal import VerifiedToken
from doorward.domain.keys.events import (
    FirstKeysAwaited,
    KeyRingChanged,
    KeyRingCrashed,
    KeyRingNotRead,
    SigningKeyUnreadable,
)
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm, StoredKey
from doorward.domain.keys.policy import may_sign
from doorward.domain.keys.publishing import PublishedKeys
from doorward.observability.logging import report

REMEMBERED_TOKENS: Final = 4096
"""Maximum verified tokens in the cache of one process, the last used ones; some 1.5 KB each."""


@frozen(eq=False)
class RingKey:
    """An opened key. ``public`` and ``private`` are keys of ``cryptography``; ``jwk`` is what everybody may know."""

    kid: str
    algorithm: SigningAlgorithm
    jwk: Mapping[str, str]
    public: Any = field(repr=False)
    private: Any = field(repr=False)
    activates_at: datetime | None
    retires_at: datetime | None


class KeyRing:
    """The published keys of one moment. Immutable.

    It owns the cache of verified tokens: without one of its keys there is another ring, and nothing that the key
    verified is remembered any more.
    """

    def __init__(self, keys: Sequence[RingKey] = (), *, remembered_tokens: int = REMEMBERED_TOKENS) -> None:
        """Take the published keys."""
        self.keys: Final = tuple(keys)
        self._by_kid: Final = {key.kid: key for key in self.keys}
        document = {"keys": [dict(key.jwk) for key in self.keys]}
        self._jwks: Final = json.dumps(document, separators=(",", ":")).encode()
        self.etag: Final = f'"{hashlib.sha256(self._jwks).hexdigest()[:32]}"'
        # The result depends on the token and the keys alone, so it is cached.
        # Refused tokens are not cached, so forged tokens cannot evict valid ones.
        self.verified: Final = functools.lru_cache(remembered_tokens)(self._verify)
        """Returns what a function returns for this ring and a token, perhaps from the cache."""

    def signing_key(self, algorithm: SigningAlgorithm, now: datetime) -> RingKey:
        """Return the key that signs now: of those that have begun, the last. Raises ``ServiceUnavailableError``."""
        begun = [
            (key.activates_at, key.kid, key)
            for key in self.keys
            if key.algorithm == algorithm
            and key.private is not None
            and key.activates_at is not None
            and key.activates_at <= now
        ]
        if not begun:
            raise ServiceUnavailableError
        return max(begun)[2]

    def can_sign(self, algorithm: SigningAlgorithm, now: datetime) -> bool:
        """Tell whether a key of the algorithm signs now."""
        try:
            self.signing_key(algorithm, now)
        except ServiceUnavailableError:
            return False
        return True

    def verifying_key(self, kid: str) -> RingKey | None:
        """Return the published key of this id."""
        return self._by_kid.get(kid)

    def jwks(self) -> bytes:
        """Return the JWK Set (RFC 7517 section 5) of the public parts."""
        return self._jwks

    def _verify(self, verify: "Verify", token: str) -> VerifiedToken:
        return verify(self, token)


Verify = Callable[[KeyRing, str], VerifiedToken]


class KeyRingHolder(Protocol):
    """Gives the ring of the moment."""

    @property
    def current(self) -> KeyRing:
        """Return the ring that was read last."""
        ...

    async def learn(self, kid: str) -> bool:
        """Read the keys again for the sake of one that is unknown, once per 5 seconds. Tell whether it is known now."""
        ...


class FixedKeyRing:
    """A ring that does not change: the empty one, where no keys are published."""

    def __init__(self, ring: KeyRing) -> None:
        self.current: Final = ring

    async def learn(self, kid: str) -> bool:
        """Tell whether the key is known."""
        return self.current.verifying_key(kid) is not None


@frozen
class RingTimes:
    """How often the keys are read, in seconds."""

    reread: float = 8.0
    """In the background. A revoked key is refused by every copy within 10 seconds, with the time of the query."""
    learn: float = 5.0
    """At most once, because of keys that are unknown: anybody can write them."""
    first_keys: float = 0.2
    """Until another look at the keys that another copy is making."""
    first_keys_due: float = 5.0
    """Until the log says that a start waits for them: they take some seconds to make."""


RING_TIMES: Final = RingTimes()


class KeyRings:
    """Holds the ring of the moment, and reads the keys again, at intervals and when a token names an unknown one."""

    def __init__(
        self,
        *,
        published: PublishedKeys,
        open_key: Callable[[StoredKey], RingKey],
        clock: Clock,
        times: RingTimes = RING_TIMES,
    ) -> None:
        """Take what lists the keys, and what opens one or raises ``SealedDataError``."""
        self._published = published
        self._open_key = open_key
        self._clock = clock
        self._times = times
        self._rows: Sequence[StoredKey] = ()
        self._lock = asyncio.Lock()
        self._asked_at = -math.inf
        self.current = KeyRing()

    async def open(self, make_first: Callable[[], Awaitable[object]]) -> None:
        """Read the keys for the first time. Where none signs, ``make_first`` is called until one of each kind does.

        Raises ``SigningKeysUnreadableError`` when a key that signs, or may, opens with none of the sealing keys:
        to go on would mean tokens that nothing verifies. Raises ``ServiceUnavailableError``.
        While another copy holds the lock it waits without end, as there is nothing to sign with, and says so once.
        """
        await self._read(is_first=True)
        due_at, is_told = time.monotonic() + self._times.first_keys_due, False
        while not self._is_complete():
            await make_first()
            await self._read(is_first=True)
            if not self._is_complete():
                if not is_told and time.monotonic() >= due_at:
                    report(FirstKeysAwaited())
                    is_told = True
                await asyncio.sleep(self._times.first_keys)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the keys at intervals within the block."""
        reading = asyncio.create_task(self._read_again_and_again())
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def learn(self, kid: str) -> bool:
        """Read the keys again for the sake of one that is unknown. Tell whether it is known now.

        At most once per 5 seconds, whatever is asked. Raises ``ServiceUnavailableError``.
        """
        async with self._lock:
            now = time.monotonic()
            if self.current.verifying_key(kid) is None and now >= self._asked_at + self._times.learn:
                self._asked_at = now
                await self._read()
        return self.current.verifying_key(kid) is not None

    async def reread(self) -> None:
        """Read the keys again, after this process has changed them. Raises ``ServiceUnavailableError``."""
        async with self._lock:
            await self._read()

    def _is_complete(self) -> bool:
        now = self._clock.now()
        return all(self.current.can_sign(algorithm, now) for algorithm in SIGNING_ALGORITHMS)

    async def _read_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._times.reread)
            try:
                await self.reread()
            except ServiceUnavailableError:
                report(KeyRingNotRead())
            # The catch-all: a defect in one reading must not end the reading for good, nor be silent.
            except Exception:  # noqa: BLE001 - reported with its traceback
                report(KeyRingCrashed())

    async def _read(self, *, is_first: bool = False) -> None:
        """Replace the ring if the keys have changed. What the ring remembers of tokens goes with it."""
        rows = await self._published.list()
        if rows == self._rows:
            return
        known = {(row.kid, row.sealed): key for row in self._rows if (key := self.current.verifying_key(row.kid))}
        opened = [self._opened(row, known.get((row.kid, row.sealed)), is_first=is_first) for row in rows]
        self.current = KeyRing([key for key in opened if key is not None])
        self._rows = rows
        report(KeyRingChanged(count=len(self.current.keys)))

    def _opened(self, row: StoredKey, known: RingKey | None, *, is_first: bool) -> RingKey | None:
        try:
            return self._open_key(row) if known is None else _at_times_of(row, known)
        except SealedDataError as error:
            if is_first and may_sign(row, self._clock.now()):
                raise SigningKeysUnreadableError from error
            report(SigningKeyUnreadable(kid=row.kid))
        # Sealed again by a copy with other sealing keys: the key itself is the same.
        former = self.current.verifying_key(row.kid)
        return None if former is None else _at_times_of(row, former)


def _at_times_of(row: StoredKey, key: RingKey) -> RingKey:
    return replace(
        key,
        private=key.private if row.retires_at is None else None,
        activates_at=row.activates_at,
        retires_at=row.retires_at,
    )
