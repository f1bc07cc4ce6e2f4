"""Authenticated encryption of stored payloads: AES-256-GCM. Needs the package ``cryptography``."""

import hashlib
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from doorward.core.ports import SealedDataError

_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES


class AesGcmSealer:
    """Seals with the first of its keys and opens with any of them, so that keys can be rotated.

    Sealed: ``1 | key id:4 | nonce:12 | ciphertext and tag``. The nonce is random (NIST SP 800-38D section 8.2.2): a
    key may seal 2^32 times.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Store keys of 32 bytes. The first one seals."""
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._current_id = _key_id(keys[0])

    def seal(self, data: bytes, *, context: bytes) -> bytes:
        """Return the data, readable only with a key of this sealer and in the same ``context``."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + self._current_id + nonce + self._ciphers[self._current_id].encrypt(nonce, data, context)

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the data. Raises ``SealedDataError`` if it was altered, moved, or sealed under another key."""
        version, key_id = sealed[:1], sealed[1 : 1 + _KEY_ID_BYTES]
        cipher = self._ciphers.get(key_id)
        if version != _VERSION or cipher is None or len(sealed) < _HEAD_BYTES:
            raise SealedDataError
        try:
            return cipher.decrypt(sealed[1 + _KEY_ID_BYTES : _HEAD_BYTES], sealed[_HEAD_BYTES:], context)
        except InvalidTag as error:
            raise SealedDataError from error

    def is_current(self, sealed: bytes) -> bool:
        """Return whether the data names the key that seals now."""
        return sealed[: 1 + _KEY_ID_BYTES] == _VERSION + self._current_id


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"doorward sealing key id" + key).digest()[:_KEY_ID_BYTES]
