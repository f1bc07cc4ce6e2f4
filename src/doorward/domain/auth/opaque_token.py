"""The format of tokens that name a row of a user's: device tokens, cookies of browsers, authorization codes. Pure.

``prefix + base64url(1 | user id:16 | id:16 | secret:16 | mac:16)``, without padding. Each kind has its prefix and its
key. What was made up costs no query.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID, uuid4

SECRET_BYTES: Final = 16
_VERSION: Final = 1
_MAC_BYTES: Final = 16
_LAYOUT: Final = struct.Struct(f">B16s16s{SECRET_BYTES}s")
_ENCODED_LENGTH: Final = -(-(_LAYOUT.size + _MAC_BYTES) * 8 // 6)


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """What a token says. The database has the hash of its secret."""

    user_id: UUID
    id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, user_id: UUID) -> Self:
        """Return a token with an id and a secret that no other has."""
        return cls(user_id, uuid4(), secrets.token_bytes(SECRET_BYTES))

    @property
    def secret_hash(self) -> bytes:
        """What the database stores."""
        return hashlib.sha256(self.secret).digest()


class OpaqueTokenCodec:
    """Writes tokens of one kind under one key, and reads them."""

    def __init__(self, prefix: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this kind only, and the one before it, whose tokens are still read."""
        self._prefix = prefix
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, token: OpaqueToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._write(token, self._key)

    def decode(self, text: str) -> OpaqueToken | None:
        """Read a token written under the current or the previous key; None for any other text.

        Exactly one text is accepted for each token and key.
        """
        if len(text) != len(self._prefix) + _ENCODED_LENGTH or not text.isascii() or not text.startswith(self._prefix):
            return None
        encoded = text.removeprefix(self._prefix)
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(content, each))), None)
        if key is None:
            return None
        version, user_id, token_id, secret = _LAYOUT.unpack(content)
        token = OpaqueToken(UUID(bytes=user_id), UUID(bytes=token_id), secret)
        # base64 leaves bits of the last character unread: without the second test, several texts would be one token.
        is_exact = version == _VERSION and hmac.compare_digest(self._write(token, key), text)
        return token if is_exact else None

    def _write(self, token: OpaqueToken, key: bytes) -> str:
        content = _LAYOUT.pack(_VERSION, token.user_id.bytes, token.id.bytes, token.secret)
        return self._prefix + base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
