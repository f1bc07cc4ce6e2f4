"""The refresh token's format: encode, decode, hash. Pure.

``"dwr_" + base64url(version:1 | family id:16 | generation:4 | family secret:16 | mac:16)``, without padding.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from doorward.domain.auth.exceptions import InvalidRefreshTokenError

PREFIX: Final = "dwr_"
SECRET_BYTES: Final = 16
LAST_GENERATION: Final = 2**32 - 1
"""The highest that the format can write; the session ends with it. A rotation each second takes 136 years to it."""

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(f">B16sI{SECRET_BYTES}s")
_MAC_BYTES: Final = 16
_TOTAL_BYTES: Final = _LAYOUT.size + _MAC_BYTES
_TEXT_LENGTH: Final = len(PREFIX) + -(-_TOTAL_BYTES * 8 // 6)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One token of a family. All tokens of a family carry its ``secret``; ``generation`` counts its rotations."""

    family_id: UUID
    generation: int
    secret: bytes

    def successor(self) -> Self:
        """Return the token that replaces this one. Raises ``InvalidRefreshTokenError`` behind the last generation."""
        if self.generation >= LAST_GENERATION:
            raise InvalidRefreshTokenError
        return replace(self, generation=self.generation + 1)


def hash_secret(secret: bytes) -> bytes:
    """Return what the database stores of a family secret: 32 bytes that yield no token."""
    return hashlib.sha256(secret).digest()


class RefreshTokenCodec:
    """Writes tokens under one key and reads them, so that a forged token is refused without any query."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this purpose only, and the one before it, whose tokens are still read."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, token: RefreshToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return _seal(token, self._key)

    def decode(self, text: str) -> RefreshToken:
        """Read a token written under the current or the previous key.

        Exactly one text is accepted for each token and key. Raises ``InvalidRefreshTokenError`` for any other.
        """
        if len(text) != _TEXT_LENGTH or not text.isascii():
            raise InvalidRefreshTokenError
        try:
            raw = base64.b64decode(text.removeprefix(PREFIX) + "=", altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise InvalidRefreshTokenError from error
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(content, each))), None)
        if len(raw) != _TOTAL_BYTES or key is None:
            raise InvalidRefreshTokenError
        version, family_id, generation, secret = _LAYOUT.unpack(content)
        token = RefreshToken(UUID(bytes=family_id), generation, secret)
        # base64 leaves two bits of the last character unread: without this, four texts would be one token.
        if version != _VERSION or not hmac.compare_digest(_seal(token, key), text):
            raise InvalidRefreshTokenError
        return token


def _seal(token: RefreshToken, key: bytes) -> str:
    content = _LAYOUT.pack(_VERSION, token.family_id.bytes, token.generation, token.secret)
    return PREFIX + base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
