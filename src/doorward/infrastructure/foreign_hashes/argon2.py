"""Argon2 (RFC 9106) in the PHC format, also with Django's prefix. Needs the package ``cryptography``.

``$argon2id$v=19$m=65536,t=3,p=4$salt$checksum``, and Django's ``argon2$argon2id$v=19$m=65536,t=3,p=4$salt$checksum``.
"""

import hmac
import re
from typing import Any, Final

from doorward.domain.auth.ports import HashRefusal, HashRefusedError
from doorward.infrastructure.foreign_hashes.bounds import (
    Bounds,
    Verify,
    decode_base64,
    decode_checksum,
    require_affordable,
    require_supported,
)

MAXIMUM_PASSES: Final = 10
MAXIMUM_LANES: Final = 16
"""Each lane may run in its own thread, at the low priority of the thread that starts it."""

MINIMUM_SALT_BYTES: Final = 8
MINIMUM_KIB_OF_A_LANE: Final = 8
MAXIMUM_CHECKSUM_BYTES: Final = 128

_FORMAT: Final = re.compile(
    r"(?:argon2)?\$(?P<variant>argon2id|argon2i|argon2d)\$v=19"
    r"\$m=(?P<memory>[0-9]{1,10}),t=(?P<passes>[0-9]{1,10}),p=(?P<lanes>[0-9]{1,10})"
    r"\$(?P<salt>[A-Za-z0-9+/]+={0,2})\$(?P<checksum>[A-Za-z0-9+/]+={0,2})"
)
_BEGINNING: Final = re.compile(r"(?:argon2)?\$argon2(?:id|i|d)\$")
"""The beginning of all Argon2 hashes, including those of version 1.0, which is not supported."""


def read(text: str, bounds: Bounds) -> Verify | None:
    """Return a function that verifies the hash; None for another algorithm. Raises ``HashRefusedError``."""
    match = _FORMAT.fullmatch(text)
    if match is None:
        require_supported(not _BEGINNING.match(text))
        return None
    memory, passes, lanes = int(match["memory"]), int(match["passes"]), int(match["lanes"])
    salt, checksum = decode_base64(match["salt"]), decode_checksum(match["checksum"])
    require_supported(len(salt) >= MINIMUM_SALT_BYTES and len(checksum) <= MAXIMUM_CHECKSUM_BYTES)
    require_supported(passes >= 1 and lanes >= 1 and memory >= MINIMUM_KIB_OF_A_LANE * lanes)
    require_affordable(memory <= bounds.memory_kib and passes <= MAXIMUM_PASSES and lanes <= MAXIMUM_LANES)
    algorithm = _algorithm(match["variant"])

    def verify(password: str) -> bool:
        derived = algorithm(salt=salt, length=len(checksum), iterations=passes, lanes=lanes, memory_cost=memory).derive(
            password.encode()
        )
        return hmac.compare_digest(derived, checksum)

    return verify


def _algorithm(variant: str) -> Any:  # noqa: ANN401 - its type cannot be named without the package
    try:
        from cryptography.hazmat.primitives.kdf import argon2  # noqa: PLC0415 - the package is an extra
    except ImportError as error:
        raise HashRefusedError(HashRefusal.NEEDS_PACKAGE) from error
    return {"argon2id": argon2.Argon2id, "argon2i": argon2.Argon2i, "argon2d": argon2.Argon2d}[variant]
