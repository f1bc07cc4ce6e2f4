"""The format of device tokens, by which a device is known again. Pure.

``"dwd_" + base64url(1 | user id:16 | device id:16 | secret:16 | mac:16)``, without padding. It proves no person: a
password is asked for all the same.
"""

import base64
import binascii
import hmac
import secrets
import struct
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID, uuid4

PREFIX: Final = "dwd_"
SECRET_BYTES: Final = 16
_VERSION: Final = 1
_MAC_BYTES: Final = 16
_LAYOUT: Final = struct.Struct(f">B16s16s{SECRET_BYTES}s")
_TEXT_LENGTH: Final = len(PREFIX) + -(-(_LAYOUT.size + _MAC_BYTES) * 8 // 6)


@dataclass(frozen=True, slots=True)
class DeviceToken:
    """The token of one device of one user. The database has the hash of its secret."""

    user_id: UUID
    device_id: UUID
    secret: bytes

    @classmethod
    def new(cls, user_id: UUID) -> Self:
        """Return a token of a device that was not seen before."""
        return cls(user_id, uuid4(), secrets.token_bytes(SECRET_BYTES))


class DeviceTokenCodec:
    """Writes device tokens under one key and reads them, so that what was made up costs no query."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this purpose only, and the one before it, whose tokens are still read."""
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def encode(self, token: DeviceToken) -> str:
        """Return the token as text, authenticated under the current key."""
        return _write(token, self._key)

    def decode(self, text: str) -> DeviceToken | None:
        """Read a token written under the current or the previous key; None for any other text.

        Exactly one text is accepted for each token and key. What is no token is no error: the device is a new one.
        """
        if len(text) != _TEXT_LENGTH or not text.isascii() or not text.startswith(PREFIX):
            return None
        encoded = text.removeprefix(PREFIX)
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = next((each for each in self._readable_keys if hmac.compare_digest(mac, _mac(content, each))), None)
        if key is None:
            return None
        version, user_id, device_id, secret = _LAYOUT.unpack(content)
        token = DeviceToken(UUID(bytes=user_id), UUID(bytes=device_id), secret)
        # base64 leaves bits of the last character unread: without the second test, several texts would be one token.
        is_exact = version == _VERSION and hmac.compare_digest(_write(token, key), text)
        return token if is_exact else None


def _write(token: DeviceToken, key: bytes) -> str:
    content = _LAYOUT.pack(_VERSION, token.user_id.bytes, token.device_id.bytes, token.secret)
    return PREFIX + base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
