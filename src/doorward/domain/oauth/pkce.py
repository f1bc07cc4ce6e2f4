"""Proof Key for Code Exchange (RFC 7636), only with the method S256. Pure."""

import base64
import hashlib
import hmac
import re
from typing import Final

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge_of(verifier: str) -> str:
    """Return the challenge of a verifier (section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_verified(challenge: str | None, verifier: str | None) -> bool:
    """Return whether the verifier belongs to the challenge.

    A challenge without a verifier is refused, and the reverse.
    """
    if challenge is None or verifier is None:
        return challenge is verifier
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(challenge, challenge_of(verifier))
