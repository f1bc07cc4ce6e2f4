"""The formats of tokens that name a row. Pure.

``OpaqueToken`` names one of a user's: device tokens, cookies of browsers, authorization codes. It is
``prefix + base64url(1 | user id:16 | id:16 | secret:16 | mac:16)``. ``RowToken`` names one of no user, and is the
same without the user id. Each kind has its prefix and its key. What was made up costs no query.
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


@frozen
class RowToken:
    """What a token says that names a row of no user. The database has the hash of its secret."""

    id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """Return a token with an id and a secret that no other has."""
        return cls(uuid4(), secrets.token_bytes(SECRET_BYTES))

    @property
    def secret_hash(self) -> bytes:
        """What the database stores."""
        return hashlib.sha256(self.secret).digest()


class OpaqueTokenCodec:
    """Writes tokens of one kind under one key, and reads them."""

    def __init__(self, prefix: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this kind only, and the one before it, whose tokens are still read."""
        self._text = AuthenticatedText(prefix, _LAYOUT.size, key, previous_key)

    def encode(self, token: OpaqueToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._text.write(_LAYOUT.pack(_VERSION, token.user_id.bytes, token.id.bytes, token.secret))

    def decode(self, text: str) -> OpaqueToken | None:
        """Read a token written under the current or the previous key; None for any other text."""
        content = self._text.read(text)
        if content is None:
            return None
        version, user_id, token_id, secret = _LAYOUT.unpack(content)
        return OpaqueToken(UUID(bytes=user_id), UUID(bytes=token_id), secret) if version == _VERSION else None


class RowTokenCodec:
    """Does the same for tokens that name no user."""

    def __init__(self, prefix: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this kind only, and the one before it, whose tokens are still read."""
        self._text = AuthenticatedText(prefix, _ROW_LAYOUT.size, key, previous_key)

    def encode(self, token: RowToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return self._text.write(_ROW_LAYOUT.pack(_VERSION, token.id.bytes, token.secret))

    def decode(self, text: str) -> RowToken | None:
        """Read a token written under the current or the previous key; None for any other text."""
        content = self._text.read(text)
        if content is None:
            return None
        version, token_id, secret = _ROW_LAYOUT.unpack(content)
        return RowToken(UUID(bytes=token_id), secret) if version == _VERSION else None
