"""The rules of passkeys as pure decisions."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from doorward.core.text import UnsafeTextError, normalize, visible
from doorward.domain.passkeys.exceptions import InvalidPasskeyNameError

MOST_PASSKEYS: Final = 20
"""Of one user."""

LONGEST_NAME: Final = 64
"""Characters of a name, in NFC."""

LONGEST_CREDENTIAL_ID: Final = 1023
"""Bytes. Web Authentication Level 3 section 4."""

ALGORITHMS: Final = (-7, -8, -257)
"""Signatures that are accepted: ES256, EdDSA with Ed25519, RS256 (RFC 9053, RFC 8812), the first one preferred."""

CEREMONY_MILLISECONDS: Final = 300_000
"""For how long a browser is asked to wait for its user."""

DEFAULT_NAME: Final = "Passkey"

TRANSPORTS: Final = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")
"""Web Authentication Level 3 section 5.8.4: what an authenticator can be reached by. Others are not kept."""


def clean_name(name: str) -> str:
    """Return a passkey's name as it is stored; the default for none. Raises ``InvalidPasskeyNameError``."""
    try:
        cleaned = normalize(name, "NFC", longest=4 * LONGEST_NAME).strip()
    except UnsafeTextError as error:
        raise InvalidPasskeyNameError from error
    if len(cleaned) > LONGEST_NAME or any(unicodedata.category(each) in {"Cc", "Cs"} for each in cleaned):
        raise InvalidPasskeyNameError
    return cleaned if visible(cleaned).strip() else DEFAULT_NAME


def known_transports(transports: Iterable[str]) -> list[str]:
    """Return those that the standard names, each once and in its order."""
    sent = set(transports)
    return [each for each in TRANSPORTS if each in sent]
