"""The key ring: the keys that sign tokens for other services, and the tokens that they verified.

Does not import ``cryptography``: without keys it is not needed.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.principal import VerifiedToken
from doorward.domain.keys.models import SigningAlgorithm

REMEMBERED_TOKENS: Final = 4096
"""Maximum verified tokens in the cache of one process, the last used ones; some 1.5 KB each."""


@dataclass(frozen=True, slots=True, eq=False)
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
        self._verified = functools.lru_cache(remembered_tokens)(self._verify)

    def signing_key(self, algorithm: SigningAlgorithm, now: datetime) -> RingKey:
        """Return the key that signs now: of those that have begun, the last. Raises ``ServiceUnavailableError``."""
        begun = [
            (key.activates_at, key)
            for key in self.keys
            if key.algorithm == algorithm
            and key.private is not None
            and key.activates_at is not None
            and key.activates_at <= now
        ]
        if not begun:
            raise ServiceUnavailableError
        return max(begun, key=lambda each: (each[0], each[1].kid))[1]

    def verifying_key(self, kid: str) -> RingKey | None:
        """Return the published key of this id."""
        return self._by_kid.get(kid)

    def jwks(self) -> bytes:
        """Return the JWK Set (RFC 7517 section 5) of the public parts."""
        return self._jwks

    def verified(self, verify: "Verify", token: str) -> VerifiedToken:
        """Return what ``verify`` returns for this ring and the token, perhaps from the cache."""
        return self._verified(verify, token)

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
