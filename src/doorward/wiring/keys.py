"""The keys of each purpose, derived from the settings' secrets."""

from doorward.infrastructure.keys import derive_key
from doorward.settings.keys import KeySettings


def keys(settings: KeySettings, purpose: bytes) -> tuple[bytes, bytes | None]:
    """Return the key of this purpose, and the one before the last change of SECRET_KEY while that is set."""
    previous = settings.secret_key_previous
    return (
        derive_key(settings.secret_key.get_secret_value().encode(), purpose),
        None if previous is None else derive_key(previous.get_secret_value().encode(), purpose),
    )
