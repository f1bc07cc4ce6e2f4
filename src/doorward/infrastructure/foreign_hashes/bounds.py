"""Shared by the readers of all algorithms: the limits of a hash's cost, and the decoding of its parts."""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from doorward.core.frozen import frozen
from doorward.domain.auth.ports import HashRefusal, HashRefusedError

Verify = Callable[[str], bool]
"""Returns whether a password matches. Call it at most once."""


@frozen
class Bounds:
    """Limits of a hash's cost. ``memory_kib`` is for one hash; as many are computed at a time as there are cores."""

    memory_kib: int = 64 * 1024


DEFAULT_BOUNDS: Final = Bounds()
Reader = Callable[[str, Bounds], Verify | None]

MINIMUM_CHECKSUM_BYTES: Final = 16
"""A shorter checksum can match by chance, or was made by an attacker."""


def require_affordable(is_affordable: bool) -> None:  # noqa: FBT001 - it is an assertion
    """Raise ``HashRefusedError`` for a hash whose cost is above the bounds."""
    if not is_affordable:
        raise HashRefusedError(HashRefusal.TOO_COSTLY)


def require_supported(is_supported: bool) -> None:  # noqa: FBT001 - it is an assertion
    """Raise ``HashRefusedError`` for a hash that is malformed."""
    if not is_supported:
        raise HashRefusedError(HashRefusal.UNSUPPORTED)


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64, with padding or without, in any of its alphabets (also passlib's, with a dot for +).

    Raises ``HashRefusedError``.
    """
    standard = text.rstrip("=").translate(_TO_STANDARD)
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HashRefusedError(HashRefusal.UNSUPPORTED) from error


def decode_checksum(text: str) -> bytes:
    """Return the bytes of a checksum. Raises ``HashRefusedError``, also for one that is too short."""
    checksum = decode_base64(text)
    require_supported(len(checksum) >= MINIMUM_CHECKSUM_BYTES)
    return checksum


_TO_STANDARD: Final = str.maketrans("-_.", "+/+")
