"""Time-based one-time passwords (RFC 6238) as authenticator applications show them. Pure."""

import base64
import hmac
import math
import secrets
import struct
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

SECRET_BYTES: Final = 20
"""The length that RFC 4226 section 4 recommends."""

DIGITS: Final = 6
STEP: Final = timedelta(seconds=30)
STEPS_AROUND: Final = 1
"""How many steps a code may be early or late, because clocks of phones differ and typing takes time."""

_TRUNCATED: Final = 0x7FFFFFFF


def new_secret() -> bytes:
    """Return a new random secret for an application."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """Return the number of the step at this time, counted from 1970 (RFC 6238 section 4)."""
    return math.floor(moment.timestamp() / STEP.total_seconds())


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a step: HOTP with SHA-1 (RFC 4226 section 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", mac, mac[-1] & 0xF)
    return f"{(number & _TRUNCATED) % 10**digits:0{digits}}"


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """Return the step around ``now`` with this code, the latest if there are several; None if there is none.

    All steps are compared, so that the time does not reveal which one matched.
    """
    present, typed = step_at(now), code.encode()
    found = None
    for step in range(max(0, present - STEPS_AROUND), present + STEPS_AROUND + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed):
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """Return the secret in the form that a user types into an application: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the URI for the QR code (Key Uri Format). The application shows issuer and account."""
    query = urlencode(
        {
            "secret": shown_secret(secret),
            "issuer": issuer,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": int(STEP.total_seconds()),
        },
        quote_via=quote,
    )
    return f"otpauth://totp/{quote(issuer, safe='')}:{quote(account, safe='')}?{query}"
