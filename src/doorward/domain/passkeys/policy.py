"""Limits and normalization of passkey fields. Pure."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from doorward.core.text import UnsafeTextError, normalize, visible
from doorward.domain.passkeys.exceptions import InvalidPasskeyNameError

MAXIMUM_PASSKEYS: Final = 20
"""Maximum number of passkeys of one user."""

LONGEST_NAME: Final = 64
"""Maximum characters of a name, in NFC."""

LONGEST_CREDENTIAL_ID: Final = 1023
"""Maximum bytes (Web Authentication Level 3 section 4)."""

ALGORITHMS: Final = (-7, -8, -257)
"""The accepted signature algorithms: ES256, EdDSA with Ed25519, RS256 (RFC 9053, RFC 8812).

The first one is preferred.
"""

CEREMONY_MILLISECONDS: Final = 300_000
"""How long a browser waits for its user."""

POSSESSION: Final = ("pop",)
"""The ``amr`` of a signature by a device (RFC 8176 section 2)."""

VERIFIED_POSSESSION: Final = ("pop", "user")
"""The ``amr`` of a signature by a device that verified its user, by a PIN or biometrics."""

DEFAULT_NAME: Final = "Passkey"

TRANSPORTS: Final = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")
"""The transports of authenticators (Web Authentication Level 3 section 5.8.4). Others are not stored."""


def clean_name(name: str) -> str:
    """Return the normalized name of a passkey; the default for an empty name. Raises ``InvalidPasskeyNameError``."""
    try:
        cleaned = normalize(name, "NFC", longest=4 * LONGEST_NAME).strip()
    except UnsafeTextError as error:
        raise InvalidPasskeyNameError from error
    if len(cleaned) > LONGEST_NAME or any(unicodedata.category(each) in {"Cc", "Cs"} for each in cleaned):
        raise InvalidPasskeyNameError
    return cleaned if visible(cleaned).strip() else DEFAULT_NAME


def known_transports(transports: Iterable[str]) -> list[str]:
    """Return the transports that the standard defines, without duplicates and in its order."""
    sent = set(transports)
    return [each for each in TRANSPORTS if each in sent]
