"""PBKDF2 (RFC 8018), in the formats of passlib and Django. The import converts Keycloak's hashes to that of passlib.

``$pbkdf2-sha256$29000$salt$checksum`` with the salt in base64, and Django's ``pbkdf2_sha256$1000000$salt$checksum``
with the salt as text.
"""

import hashlib
import hmac
import re
from typing import Final

from doorward.infrastructure.foreign_hashes.bounds import (
    Bounds,
    Verify,
    decode_base64,
    decode_checksum,
    require_affordable,
    require_supported,
)

MAXIMUM_ITERATIONS: Final = 2_000_000
_CHECKSUM: Final = r"(?P<checksum>[A-Za-z0-9+/.]+={0,2})"
_PASSLIB: Final = re.compile(
    rf"\$pbkdf2(?:-(?P<digest>sha1|sha256|sha512))?\$(?P<iterations>[0-9]{{1,10}})"
    rf"\$(?P<salt>[A-Za-z0-9+/.]*={{0,2}})\${_CHECKSUM}"
)
_DJANGO: Final = re.compile(
    rf"pbkdf2_(?P<digest>sha1|sha256)\$(?P<iterations>[0-9]{{1,10}})\$(?P<salt>[^$]+)\${_CHECKSUM}"
)


def read(text: str, _bounds: Bounds) -> Verify | None:
    """Return a function that verifies the hash; None for another algorithm. Raises ``HashRefusedError``."""
    if match := _PASSLIB.fullmatch(text):
        salt = decode_base64(match["salt"])
    elif match := _DJANGO.fullmatch(text):
        salt = match["salt"].encode()
    else:
        return None
    digest, iterations = match["digest"] or "sha1", int(match["iterations"])
    checksum = decode_checksum(match["checksum"])
    require_supported(iterations >= 1)
    require_affordable(iterations <= MAXIMUM_ITERATIONS)
    # Each further block of a longer checksum costs all iterations again. The first one is enough for the comparison.
    compared = checksum[: hashlib.new(digest).digest_size]

    def verify(password: str) -> bool:
        derived = hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations, len(compared))
        return hmac.compare_digest(derived, compared)

    return verify
