"""Verifies the tokens of one issuer, and remembers those that it has verified."""

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
"""Verified tokens that are remembered, the last used ones; some 3 KB each."""

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class _Remembered(Generic[Subject]):
    token: VerifiedToken
    subject: Subject


class TokenVerifier(Generic[Subject]):
    """Verify tokens by the rules and the keys of one issuer; return what ``read`` makes of their claims.

    What a token says depends on it and the keys alone, so it is remembered with them: when the keys change, all is
    forgotten. Refused tokens are not remembered, so they cannot evict valid ones.
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
        """Take what reads verified claims; it may raise ``InvalidTokenError``. ``now`` is in seconds since 1970."""
        self._rules = rules
        self._key_set = key_set
        self._read = read
        self._now = now
        self._remembered_tokens = remembered_tokens
        self._verify_by_keys = self._remembering(PublicKeys([]))

    async def verify(self, token: str) -> Subject:
        """Return what a valid token says.

        Raises ``InvalidTokenError`` for any other, and ``KeysUnavailableError`` while the issuer's keys are not known.
        """
        keys = self._key_set.fresh_keys()
        if keys is None:
            keys = await self._key_set.current_keys()
        try:
            remembered = self._verify(token, keys)
        except UnknownKeyError:
            remembered = self._verify(token, await self._key_set.keys_after_unknown())
        remembered.token.check_times(self._now())
        return remembered.subject

    def _verify(self, token: str, keys: PublicKeys) -> _Remembered[Subject]:
        verify_by_keys = self._verify_by_keys
        if verify_by_keys[0] is not keys:
            # In one assignment, so that no other thread pairs these keys with what others have verified.
            self._verify_by_keys = verify_by_keys = self._remembering(keys)
        return verify_by_keys[1](token)

    def _remembering(self, keys: PublicKeys) -> tuple[PublicKeys, Callable[[str], _Remembered[Subject]]]:
        @functools.lru_cache(self._remembered_tokens)
        def verify(token: str) -> _Remembered[Subject]:
            verified = verify_token(token, keys, self._rules)
            return _Remembered(verified, self._read(verified.claims))

        return keys, verify
