"""phpass, the portable hashes of WordPress before 6.8 and of phpBB: MD5, repeated.

``$P$B12345678checksum``: one character gives the number of iterations, and the salt follows it.
"""

import hashlib
import hmac
import re
from typing import Final

from doorward.infrastructure.foreign_hashes.bounds import Bounds, Verify, require_affordable, require_supported

MINIMUM_LOG2: Final = 7
MAXIMUM_LOG2: Final = 16
"""Maximum log2 of the number of iterations, each of which is one MD5. WordPress has 13."""

_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BITS_OF_A_CHARACTER: Final = 6
_FORMAT: Final = re.compile(r"\$[PH]\$(?P<log2>[./0-9A-Za-z])(?P<salt>[^$]{8})(?P<checksum>[./0-9A-Za-z]{22})")


def read(text: str, _bounds: Bounds) -> Verify | None:
    """Return a function that verifies the hash; None for another algorithm. Raises ``HashRefusedError``."""
    match = _FORMAT.fullmatch(text)
    if match is None:
        return None
    log2 = _ALPHABET.index(match["log2"])
    require_supported(log2 >= MINIMUM_LOG2)
    require_affordable(log2 <= MAXIMUM_LOG2)
    salt, checksum = match["salt"].encode(), match["checksum"]

    def verify(password: str) -> bool:
        raw = password.encode()
        digest = hashlib.md5(salt + raw, usedforsecurity=False).digest()
        for _ in range(2**log2):
            digest = hashlib.md5(digest + raw, usedforsecurity=False).digest()
        return hmac.compare_digest(_encode(digest), checksum)

    return verify


def _encode(digest: bytes) -> str:
    """Return the digest in phpass' base64: little-endian, with four unused bits in the last character."""
    number, characters = int.from_bytes(digest, "little"), -(-len(digest) * 8 // _BITS_OF_A_CHARACTER)
    return "".join(_ALPHABET[number >> _BITS_OF_A_CHARACTER * place & 0x3F] for place in range(characters))
