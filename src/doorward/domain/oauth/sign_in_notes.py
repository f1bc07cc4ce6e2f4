"""A note that an authorization request has sent its user to sign in, and when. Pure.

It is a parameter of the request, so that nothing is stored. Its MAC is over the other parameters: a note that is
removed, or taken from another request, only makes the user sign in again.
"""

import base64
import binascii
import hmac
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

ASKED_PARAMETER: Final = "asked"
CHOSEN_PARAMETER: Final = "chosen"
"""The parameter of the note that the user has chosen the account of the session for this request."""

LIFETIME: Final = timedelta(hours=1)
_MAC_BYTES: Final = 16
_LAYOUT: Final = struct.Struct(">q")
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SignInNotes:
    """Writes and reads the notes under one key."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this purpose only, and the previous one, whose notes are still accepted."""
        self._keys = (key,) if previous_key is None else (key, previous_key)

    def write(self, parameters: Mapping[str, str], now: datetime) -> str:
        """Return the note for a request."""
        moment = _LAYOUT.pack((now - _EPOCH) // _MICROSECOND)
        return base64.urlsafe_b64encode(moment + _mac(self._keys[0], moment, parameters)).rstrip(b"=").decode()

    def read(self, note: str | None, parameters: Mapping[str, str], now: datetime) -> datetime | None:
        """Return when the user was sent to sign in; None for a note that is malformed, another request's or too old."""
        if note is None or not note.isascii():
            return None
        try:
            raw = base64.b64decode(note + "=" * (-len(note) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        moment, mac = raw[: _LAYOUT.size], raw[_LAYOUT.size :]
        if len(raw) != _LAYOUT.size + _MAC_BYTES:
            return None
        if not any(hmac.compare_digest(mac, _mac(key, moment, parameters)) for key in self._keys):
            return None
        asked_at = _EPOCH + _LAYOUT.unpack(moment)[0] * _MICROSECOND
        return asked_at if asked_at <= now < asked_at + LIFETIME else None


def _mac(key: bytes, moment: bytes, parameters: Mapping[str, str]) -> bytes:
    written = json.dumps(sorted(parameters.items()), separators=(",", ":")).encode()
    return hmac.digest(key, moment + written, "sha256")[:_MAC_BYTES]
