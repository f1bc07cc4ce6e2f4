"""Bytes as text with a MAC, which only this service can write: the common part of several kinds of tokens. Pure.

``prefix + base64url(content | mac:16)``, without padding. A forged text is refused without a query.
"""

import base64
import binascii
import hmac
from typing import Final

_MAC_BYTES: Final = 16


class AuthenticatedText:
    """Writes and reads contents of one length, with one prefix and key."""

    def __init__(self, prefix: str, content_bytes: int, key: bytes, previous_key: bytes | None = None) -> None:
        """Store the MAC key, derived for this kind only, and the previous key, whose texts are still accepted."""
        self._prefix = prefix
        self._encoded_length = -(-(content_bytes + _MAC_BYTES) * 8 // 6)
        self._key = key
        self._readable_keys = (key,) if previous_key is None else (key, previous_key)

    def write(self, content: bytes) -> str:
        """Return the content as text, authenticated under the current key."""
        return self._write(content, self._key)

    def read(self, text: str) -> bytes | None:
        """Return the content of a text written under the current or the previous key; None for any other text.

        Exactly one text is accepted for each content and key.
        """
        if len(text) != len(self._prefix) + self._encoded_length or not text.isascii():
            return None
        if not text.startswith(self._prefix):
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
        # base64 ignores some bits of the last character: without this test, several texts would give the same token.
        return content if hmac.compare_digest(self._write(content, key), text) else None

    def _write(self, content: bytes, key: bytes) -> str:
        return self._prefix + base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
