"""Derive a key for each purpose from SECRET_KEY. SECRET_KEY itself signs nothing."""

import hmac
from typing import Final

ACCESS_TOKEN_PURPOSE: Final = b"doorward access token signature v1"
REFRESH_TOKEN_PURPOSE: Final = b"doorward refresh token mac v1"
ONE_TIME_TOKEN_PURPOSE: Final = b"doorward one-time token mac v1"
SEALING_PURPOSE: Final = b"doorward sealing v1"
MAIL_BUDGET_PURPOSE: Final = b"doorward mail budget mac v1"
SEALED_TOKEN_PURPOSE: Final = b"doorward sealed token mac v1"
THROTTLE_PURPOSE: Final = b"doorward login throttle mac v1"
DEVICE_TOKEN_PURPOSE: Final = b"doorward device token mac v1"
RECOVERY_CODE_PURPOSE: Final = b"doorward recovery code mac v1"
BROWSER_SESSION_PURPOSE: Final = b"doorward browser session mac v1"
AUTHORIZATION_CODE_PURPOSE: Final = b"doorward authorization code mac v1"
INITIAL_TOKEN_PURPOSE: Final = b"doorward initial access token mac v1"
REGISTRATION_TOKEN_PURPOSE: Final = b"doorward registration access token mac v1"
PAGE_FORM_PURPOSE: Final = b"doorward page form mac v1"
PUSHED_REQUEST_PURPOSE: Final = b"doorward pushed request mac v1"
DEVICE_CODE_PURPOSE: Final = b"doorward device code mac v1"
USER_CODE_PURPOSE: Final = b"doorward user code mac v1"
ASKED_NOTE_PURPOSE: Final = b"doorward asked note mac v1"
KEY_BYTES: Final = 64
_SALT: Final = b"doorward"


def cursor_purpose(entries: str) -> bytes:
    """Return the purpose for cursors of one kind of list. A cursor of another list then fails verification."""
    return f"doorward {entries} page cursor mac v1".encode()


def derive_key(secret: bytes, purpose: bytes) -> bytes:
    """Return 64 bytes by HKDF-SHA-512 (RFC 5869) with ``purpose`` as the info: one block of its expansion."""
    pseudorandom_key = hmac.digest(_SALT, secret, "sha512")
    return hmac.digest(pseudorandom_key, purpose + b"\x01", "sha512")
