"""The key ring: the keys that sign tokens for other services, and the cache of tokens that they verified.

Does not import ``cryptography``, which is not needed without keys.
"""

import asyncio
import functools
import hashlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final, Protocol

import jwt
from jwt.utils import base64url_encode

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, SealedDataError
from doorward.core.principal import VerifiedToken
from doorward.core.repetition import repeating
from doorward.domain.keys.events import (
    KeyRingChanged,
    KeyRingCrashed,
    KeyRingNotRead,
    SigningKeyUnreadable,
    WaitingForFirstKeys,
)
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm, StoredKey
from doorward.domain.keys.policy import may_sign
from doorward.domain.keys.publishing import PublishedKeys
from doorward.observability.logging import report

_COMPACT_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode

REMEMBERED_TOKENS: Final = 4096
"""Maximum verified tokens in the cache of one process, the last used ones; some 1.5 KB each."""


@frozen(eq=False)
class RingKey:
    """An opened key. ``public`` and ``private`` are keys of ``cryptography``; ``jwk`` has the public part only."""

    kid: str
    algorithm: SigningAlgorithm
    jwk: Mapping[str, str]
    public: Any = field(repr=False)
    private: Any = field(repr=False)
    activates_at: datetime | None
    retires_at: datetime | None

    def sign(self, claims: Mapping[str, Any], *, token_type: str) -> str:
        """Return a signed token with these claims; ``token_type`` is the ``typ`` of its header."""
        # Not ``jwt.encode``: its work besides the signature takes a third as long as the signature.
        payload = base64url_encode(_COMPACT_JSON(claims).encode())
        signed = _header_part(self.kid, self.algorithm, token_type) + b"." + payload
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(signed, self.private)
        return (signed + b"." + base64url_encode(signature)).decode()


@functools.lru_cache
def _header_part(kid: str, algorithm: SigningAlgorithm, token_type: str) -> bytes:
    """Return the encoded header of the tokens that a key signs (RFC 7515 section 3.1)."""
    return base64url_encode(_COMPACT_JSON({"alg": algorithm, "kid": kid, "typ": token_type}).encode())


class KeyRing:
    """The published keys at one time. Immutable.

    The ring owns the cache of verified tokens: a changed set of keys gets a new ring, so that no token stays in the
    cache that a removed key verified.
    """

    def __init__(self, keys: Sequence[RingKey] = (), *, remembered_tokens: int = REMEMBERED_TOKENS) -> None:
        """Store the published keys. ``remembered_tokens`` is the size of the cache."""
        self.keys: Final = tuple(keys)
        self._by_kid: Final = {key.kid: key for key in self.keys}
        document = {"keys": [dict(key.jwk) for key in self.keys]}
        self._jwks: Final = json.dumps(document, separators=(",", ":")).encode()
        self.etag: Final = f'"{hashlib.sha256(self._jwks).hexdigest()[:32]}"'
        # The result depends on the token and the keys alone, so it is cached.
        # Refused tokens are not cached, so forged tokens cannot evict valid ones.
        self.verified: Final = functools.lru_cache(remembered_tokens)(self._verify)
        """Calls a function with this ring and a token, and caches what it returns."""

    def signing_key(self, algorithm: SigningAlgorithm, now: datetime) -> RingKey:
        """Return the key that signs now: the one activated last. Raises ``ServiceUnavailableError`` without one."""
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
        """Return whether a key of the algorithm can sign now."""
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
    """Provides the current key ring."""

    @property
    def current(self) -> KeyRing:
        """Return the ring that was read last."""
        ...

    async def refresh_for_key(self, kid: str) -> bool:
        """Read the keys again for an unknown key, at most once per 5 seconds. Return whether it is known now."""
        ...


class FixedKeyRing:
    """A key ring that does not change: the empty one, if no keys are published."""

    def __init__(self, ring: KeyRing) -> None:
        self.current: Final = ring

    async def refresh_for_key(self, kid: str) -> bool:
        """Return whether the key is known."""
        return self.current.verifying_key(kid) is not None


@frozen
class RingTimes:
    """The intervals at which the keys are read, in seconds."""

    reread: float = 8.0
    """Interval of background reads. Every copy refuses a revoked key within 10 seconds, the query included."""
    minimum_refresh_interval: float = 5.0
    """Minimum interval of reads because of unknown keys: any caller can send a token with one."""
    first_keys: float = 0.2
    """Interval of reads at the start, while another copy makes the first keys."""
    first_keys_due: float = 5.0
    """Time until the log reports that a start waits for the first keys, which take some seconds to make."""


RING_TIMES: Final = RingTimes()


class KeyRings:
    """Holds the current ring, and reads the keys again: at intervals, and when a token names an unknown key."""

    def __init__(
        self,
        *,
        published: PublishedKeys,
        open_key: Callable[[StoredKey], RingKey],
        clock: Clock,
        times: RingTimes = RING_TIMES,
    ) -> None:
        """Store what lists the keys, and ``open_key``, which opens one or raises ``SealedDataError``."""
        self._published = published
        self._open_key = open_key
        self._clock = clock
        self._times = times
        self._rows: Sequence[StoredKey] = ()
        self._lock = asyncio.Lock()
        self._asked_at = -math.inf
        self.current = KeyRing()

    async def open(self, make_first: Callable[[], Awaitable[object]]) -> None:
        """Read the keys for the first time. Call ``make_first`` until each algorithm has a key that signs.

        Raises ``SigningKeysUnreadableError`` if none of the sealing keys opens a key that signs or may sign: the
        service would issue tokens that nothing verifies. Raises ``ServiceUnavailableError``, and what ``make_first``
        raises. While another copy holds the lock, it waits without a timeout, because there is no key to sign with, and
        logs that once.
        """
        await self._read(is_first=True)
        due_at, is_told = time.monotonic() + self._times.first_keys_due, False
        while not self._is_complete():
            await make_first()
            await self._read(is_first=True)
            if not self._is_complete():
                if not is_told and time.monotonic() >= due_at:
                    report(WaitingForFirstKeys())
                    is_told = True
                await asyncio.sleep(self._times.first_keys)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Read the keys at intervals within the block."""
        return repeating(self._reread_and_report, self._times.reread, begins_with_a_pause=True)

    async def refresh_for_key(self, kid: str) -> bool:
        """Read the keys again for an unknown key. Return whether it is known now.

        The keys are read at most once per 5 seconds. Raises ``ServiceUnavailableError``.
        """
        async with self._lock:
            now = time.monotonic()
            if self.current.verifying_key(kid) is None and now >= self._asked_at + self._times.minimum_refresh_interval:
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

    async def _reread_and_report(self) -> None:
        try:
            await self.reread()
        except ServiceUnavailableError:
            report(KeyRingNotRead())
        # Catch everything: a defect in one read must neither end the reads nor stay unreported.
        except Exception:  # noqa: BLE001 - reported with its traceback
            report(KeyRingCrashed())

    async def _read(self, *, is_first: bool = False) -> None:
        """Replace the ring, together with its cache of tokens, if the keys have changed."""
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
