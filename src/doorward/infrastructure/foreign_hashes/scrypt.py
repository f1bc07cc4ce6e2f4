"""scrypt (RFC 7914), in the formats of passlib and Django.

``$scrypt$ln=14,r=8,p=1$salt$checksum`` with the salt in base64; Django's ``scrypt$16384$salt$8$5$checksum`` with the
salt as text, which may also precede the 16384.
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

MAXIMUM_PASSES: Final = 4
"""How often the allowed memory may be filled and read, one pass after the other: the parallelism of the hash."""

MAXIMUM_INPUT_KIB: Final = 1024
"""Maximum output of the first PBKDF2 for all passes, which takes time and more memory. Usual parameters need 16."""

_KIB: Final = 1024
_BYTES_OF_A_BLOCK: Final = 128
_BASE64: Final = r"[A-Za-z0-9+/]+={0,2}"
_PASSLIB: Final = re.compile(
    rf"\$scrypt\$ln=(?P<n>[0-9]{{1,2}}),r=(?P<r>[0-9]{{1,8}}),p=(?P<p>[0-9]{{1,8}})"
    rf"\$(?P<salt>[A-Za-z0-9+/]*={{0,2}})\$(?P<checksum>{_BASE64})"
)
_DJANGO: Final = re.compile(
    rf"scrypt\$(?P<n>[0-9]{{1,10}})\$(?P<salt>[^$]+)\$(?P<r>[0-9]{{1,8}})\$(?P<p>[0-9]{{1,8}})\$(?P<checksum>{_BASE64})"
)
_SALT_FIRST: Final = re.compile(
    rf"scrypt\$(?P<salt>[^$]+)\$(?P<n>[0-9]{{1,10}})\$(?P<r>[0-9]{{1,8}})\$(?P<p>[0-9]{{1,8}})\$(?P<checksum>{_BASE64})"
)


def read(text: str, bounds: Bounds) -> Verify | None:
    """Return a function that verifies the hash; None for another algorithm. Raises ``HashRefusedError``."""
    if match := _PASSLIB.fullmatch(text):
        require_affordable(int(match["n"]) < 32)  # noqa: PLR2004 - so that no larger number is computed below
        n, salt = 2 ** int(match["n"]), decode_base64(match["salt"])
    elif match := _DJANGO.fullmatch(text) or _SALT_FIRST.fullmatch(text):
        n, salt = int(match["n"]), match["salt"].encode()
    else:
        return None
    r, p, checksum = int(match["r"]), int(match["p"]), decode_checksum(match["checksum"])
    require_parameters(n, r, p, bounds)

    def verify(password: str) -> bool:
        derived = derive(password, salt, n=n, r=r, p=p, length=len(checksum))
        return hmac.compare_digest(derived, checksum)

    return verify


def require_parameters(n: int, r: int, p: int, bounds: Bounds) -> None:
    """Check that scrypt allows the parameters, and that they are within the bounds. Raises ``HashRefusedError``."""
    require_supported(n > 1 and n & (n - 1) == 0 and r >= 1 and p >= 1)
    memory = _BYTES_OF_A_BLOCK * n * r
    most = bounds.memory_kib * _KIB
    require_affordable(memory <= most and memory * p <= MAXIMUM_PASSES * most)
    require_affordable(_BYTES_OF_A_BLOCK * r * p <= MAXIMUM_INPUT_KIB * _KIB)


def derive(password: str, salt: bytes, *, n: int, r: int, p: int, length: int) -> bytes:
    """Return the derived key. The caller has checked the parameters."""
    # OpenSSL counts two more blocks, and those of each pass.
    memory = _BYTES_OF_A_BLOCK * r * (n + p + 2)
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)
