"""User codes, which users type to sign in to a device (RFC 8628 section 6.1). Pure."""

import hmac
import secrets
from collections.abc import Sequence
from typing import Final

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no words appear: 34 bits in eight letters."""

LENGTH: Final = 8
LONGEST_INPUT: Final = 64
_GROUP: Final = 4
_SEPARATORS: Final = str.maketrans("", "", " -\t\u2010\u2011\u2012\u2013\u2014\u00a0")


def new_user_code() -> str:
    """Return a new random code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def shown(user_code: str) -> str:
    """Return a code in two groups, for display."""
    return f"{user_code[:_GROUP]}-{user_code[_GROUP:]}"


def read_user_code(text: str) -> str | None:
    """Return the code that was typed, in any case and with any spacing; None if it cannot be one."""
    if len(text) > LONGEST_INPUT:
        return None
    code = text.translate(_SEPARATORS).upper()
    return code if len(code) == LENGTH and set(code) <= set(LETTERS) else None


class UserCodeMacs:
    """Computes the stored form of codes: an HMAC, because a hash could be reversed by trying all codes."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this purpose only, and the previous one, with which codes are still found."""
        self._keys = (key,) if previous_key is None else (key, previous_key)

    def of_new(self, user_code: str) -> bytes:
        """Return the stored form of a new code."""
        return _mac(self._keys[0], user_code)

    def of_typed(self, user_code: str) -> Sequence[bytes]:
        """Return the possible stored forms of a typed code, one for each key."""
        return [_mac(key, user_code) for key in self._keys]


def _mac(key: bytes, user_code: str) -> bytes:
    return hmac.digest(key, user_code.encode(), "sha256")
