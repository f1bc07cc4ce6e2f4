"""The keys of each purpose, derived from the settings' secrets."""

from typing import Final

from doorward.infrastructure.keys import SEALING_PURPOSE, derive_key
from doorward.settings.keys import KeySettings

SEALING_KEY_BYTES: Final = 32
"""Of AES-256."""


def keys(settings: KeySettings, purpose: bytes) -> tuple[bytes, bytes | None]:
    """Return the key of this purpose, and the one before the last change of SECRET_KEY while that is set."""
    previous = settings.secret_key_previous
    return (
        derive_key(settings.secret_key.get_secret_value().encode(), purpose),
        None if previous is None else derive_key(previous.get_secret_value().encode(), purpose),
    )


def sealing_keys(settings: KeySettings) -> list[bytes]:
    """Return the keys of stored secrets, the one that seals first: of ENCRYPTION_KEYS, or else of SECRET_KEY."""
    roots = settings.encryption_keys or (settings.secret_key, settings.secret_key_previous)
    secrets = [each.get_secret_value().encode() for each in roots if each is not None]
    return [derive_key(secret, SEALING_PURPOSE)[:SEALING_KEY_BYTES] for secret in secrets]
