"""The refresh token's format: encode, decode, hash. Pure.

Version 2: ``"dwr_" + base64url(2 | session id:16 | user id:16 | generation:4 | session secret:16 | mac:16)``, without
padding. Version 1, which is still accepted, has no user id. Version 3 is bound to a key (RFC 9449) and has its
thumbprint of 32 bytes after the secret: a refresh without the key is refused without a query.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import field
from typing import Final, Self
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidRefreshTokenError

PREFIX: Final = "dwr_"
SECRET_BYTES: Final = 16
LAST_GENERATION: Final = 2**32 - 1
"""The highest generation of the format; the session ends with it. At one rotation per second this takes 136 years."""

_MAC_BYTES: Final = 16
_VERSION_1: Final = struct.Struct(f">B16sI{SECRET_BYTES}s")
_VERSION_2: Final = struct.Struct(f">B16s16sI{SECRET_BYTES}s")
_VERSION_3: Final = struct.Struct(f">B16s16sI{SECRET_BYTES}s32s")
_LAYOUTS: Final = {1: _VERSION_1, 2: _VERSION_2, 3: _VERSION_3}


def _text_length(layout: struct.Struct) -> int:
    return len(PREFIX) + -(-(layout.size + _MAC_BYTES) * 8 // 6)


_VERSION_OF_LENGTH: Final = {_text_length(layout): version for version, layout in _LAYOUTS.items()}


@frozen
class RefreshToken:
    """One token of a session. All its tokens carry the session's ``secret``; ``generation`` counts the rotations.

    ``user_id`` is None in tokens of version 1. ``thumbprint`` is that of the key that the token is bound to (RFC 7638),
    in base64url.
    """

    session_id: UUID
    user_id: UUID | None
    generation: int
    secret: bytes = field(repr=False)
    thumbprint: str | None = None

    @property
    def has_successor(self) -> bool:
        """Return whether the format can represent the next generation."""
        return self.generation < LAST_GENERATION

    def is_bound_to_other(self, thumbprint: str | None) -> bool:
        """Return whether it is bound to a key other than this one; None stands for no key."""
        return self.thumbprint is not None and self.thumbprint != thumbprint

    def successor(self, user_id: UUID, thumbprint: str | None = None) -> Self:
        """Return the token that replaces this one; ``user_id`` is the session's.

        It is bound to the same key. The successor of an unbound token is bound to ``thumbprint``, if given.
        """
        bound_to = self.thumbprint or thumbprint
        return type(self)(self.session_id, user_id, self.generation + 1, self.secret, bound_to)


def hash_secret(secret: bytes) -> bytes:
    """Return the hash of a session's secret for the database: 32 bytes, from which no token can be derived."""
    return hashlib.sha256(secret).digest()


class RefreshTokenCodec:
    """Writes and reads tokens with one key, so that a forged token is refused without a query."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this purpose only, and the previous key, whose tokens are still accepted."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, token: RefreshToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return _seal(token, self._key)

    def decode(self, text: str) -> RefreshToken:
        """Return a token written under the current or the previous key.

        Exactly one text is accepted for each token, version and key. Raises ``InvalidRefreshTokenError`` for any other.
        """
        version = _VERSION_OF_LENGTH.get(len(text))
        if version is None or not text.isascii():
            raise InvalidRefreshTokenError
        try:
            raw = base64.b64decode(_padded(text.removeprefix(PREFIX)), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise InvalidRefreshTokenError from error
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(content, each))), None)
        if key is None:
            raise InvalidRefreshTokenError
        token = _unpack(content, version)
        # base64 ignores some bits of the last character: without this test, several texts would give the same token.
        if not hmac.compare_digest(_seal(token, key), text):
            raise InvalidRefreshTokenError
        return token


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _unpack(content: bytes, version: int) -> RefreshToken:
    layout = _LAYOUTS[version]
    if len(content) != layout.size or content[0] != version:
        raise InvalidRefreshTokenError
    if version == 1:
        _, session_id, generation, secret = layout.unpack(content)
        return RefreshToken(UUID(bytes=session_id), None, generation, secret)
    _, session_id, user_id, generation, secret, *digest = layout.unpack(content)
    thumbprint = _base64url(digest[0]) if digest else None
    return RefreshToken(UUID(bytes=session_id), UUID(bytes=user_id), generation, secret, thumbprint)


def _seal(token: RefreshToken, key: bytes) -> str:
    session_id, rest = token.session_id.bytes, (token.generation, token.secret)
    if token.user_id is None:
        content = _VERSION_1.pack(1, session_id, *rest)
    elif token.thumbprint is None:
        content = _VERSION_2.pack(2, session_id, token.user_id.bytes, *rest)
    else:
        digest = base64.urlsafe_b64decode(_padded(token.thumbprint))
        content = _VERSION_3.pack(3, session_id, token.user_id.bytes, *rest, digest)
    return PREFIX + _base64url(content + _mac(content, key))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
