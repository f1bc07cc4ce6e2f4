"""Verifies the tokens of one issuer, and caches verified tokens."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from doorward_client.exceptions import UnknownKeyError
from doorward_client.key_sets import KeySet
from doorward_client.public_keys import PublicKeys
from doorward_client.verification import Claims, IssuerRules, VerifiedToken, verify_token

REMEMBERED_TOKENS: Final = 4096
"""Maximum size of the cache of verified tokens, least recently used first out; about 3 KB per token."""

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class _Remembered(Generic[Subject]):
    token: VerifiedToken
    subject: Subject


class TokenVerifier(Generic[Subject]):
    """Verifies tokens with the rules and the keys of one issuer. The result is what ``read`` returns for their claims.

    The result depends only on the token and the keys, so it is cached for these keys: new keys clear the cache. Refused
    tokens are not cached, so they cannot evict valid ones.
    """

    def __init__(
        self,
        rules: IssuerRules,
        key_set: KeySet,
        read: Callable[[Claims], Subject],
        *,
        now: Callable[[], float] = time.time,
        remembered_tokens: int = REMEMBERED_TOKENS,
    ) -> None:
        """Convert verified claims with ``read``, which may raise ``InvalidTokenError``.

        ``now`` is in seconds since 1970.
        """
        self._rules = rules
        self._key_set = key_set
        self._read = read
        self._now = now
        self._remembered_tokens = remembered_tokens
        self._verify_by_keys = self._cached_verification(PublicKeys([]))

    async def verify(self, token: str) -> Subject:
        """Verify a token, and return the result of ``read``.

        Raises ``InvalidTokenError`` if it is not valid, and ``KeysUnavailableError`` while the issuer's keys are not
        available.
        """
        keys = self._key_set.fresh_keys()
        if keys is None:
            keys = await self._key_set.current_keys()
        try:
            remembered = self._verify(token, keys)
        except UnknownKeyError:
            remembered = self._verify(token, await self._key_set.refetch_for_unknown_key())
        remembered.token.check_times(self._now())
        return remembered.subject

    def _verify(self, token: str, keys: PublicKeys) -> _Remembered[Subject]:
        verify_by_keys = self._verify_by_keys
        if verify_by_keys[0] is not keys:
            # One assignment, so that another thread never sees these keys with the cache of others.
            self._verify_by_keys = verify_by_keys = self._cached_verification(keys)
        return verify_by_keys[1](token)

    def _cached_verification(self, keys: PublicKeys) -> tuple[PublicKeys, Callable[[str], _Remembered[Subject]]]:
        @functools.lru_cache(self._remembered_tokens)
        def verify(token: str) -> _Remembered[Subject]:
            verified = verify_token(token, keys, self._rules)
            return _Remembered(verified, self._read(verified.claims))

        return keys, verify
