"""The formats of tokens that identify a row. Pure.

``OpaqueToken`` identifies a row of a user: device tokens, cookies of browsers, authorization codes. Its format is
``prefix + base64url(1 | user id:16 | id:16 | secret:16 | mac:16)``. ``RowToken`` identifies a row without a user; its
format is the same without the user id. Each kind has its own prefix and key. A forged token costs no query.
"""

import hashlib
import secrets
import struct
from dataclasses import field
from typing import Final, Self
from uuid import UUID, uuid4

from doorward.core.frozen import frozen
from doorward.domain.auth.tokens.authenticated_text import AuthenticatedText

SECRET_BYTES: Final = 16
_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(f">B16s16s{SECRET_BYTES}s")
_ROW_LAYOUT: Final = struct.Struct(f">B16s{SECRET_BYTES}s")


@frozen
class OpaqueToken:
    """The content of a token. The database stores the hash of its secret."""

    user_id: UUID
    id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, user_id: UUID) -> Self:
        """Return a token with a new random id and secret."""
        return cls(user_id, uuid4(), secrets.token_bytes(SECRET_BYTES))

    @property
    def secret_hash(self) -> bytes:
        """Return the hash that the database stores."""
        return hashlib.sha256(self.secret).digest()


@frozen
class RowToken:
    """The content of a token for a row without a user. The database stores the hash of its secret."""

    id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """Return a token with a new random id and secret."""
        return cls(uuid4(), secrets.token_bytes(SECRET_BYTES))

    @property
    def secret_hash(self) -> bytes:
        """Return the hash that the database stores."""
        return hashlib.sha256(self.secret).digest()


class OpaqueTokenCodec:
    """Writes and reads tokens of one kind with one key."""

    def __init__(self, prefix: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this kind only, and the previous key, whose tokens are still accepted."""
        self._text = AuthenticatedText(prefix, _LAYOUT.size, key, previous_key)

    def encode(self, token: OpaqueToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._text.write(_LAYOUT.pack(_VERSION, token.user_id.bytes, token.id.bytes, token.secret))

    def decode(self, text: str) -> OpaqueToken | None:
        """Return a token written under the current or the previous key; None for any other text."""
        content = self._text.read(text)
        if content is None:
            return None
        version, user_id, token_id, secret = _LAYOUT.unpack(content)
        return OpaqueToken(UUID(bytes=user_id), UUID(bytes=token_id), secret) if version == _VERSION else None


class RowTokenCodec:
    """Writes and reads tokens without a user, of one kind, with one key."""

    def __init__(self, prefix: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this kind only, and the previous key, whose tokens are still accepted."""
        self._text = AuthenticatedText(prefix, _ROW_LAYOUT.size, key, previous_key)

    def encode(self, token: RowToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._text.write(_ROW_LAYOUT.pack(_VERSION, token.id.bytes, token.secret))

    def decode(self, text: str) -> RowToken | None:
        """Return a token written under the current or the previous key; None for any other text."""
        content = self._text.read(text)
        if content is None:
            return None
        version, token_id, secret = _ROW_LAYOUT.unpack(content)
        return RowToken(UUID(bytes=token_id), secret) if version == _VERSION else None
