"""Proof Key for Code Exchange (RFC 7636), with the method S256 alone. Pure."""

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
    """Tell whether the verifier is that of the challenge. One without the other is refused, either way."""
    if challenge is None or verifier is None:
        return challenge is verifier
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(challenge, challenge_of(verifier))
