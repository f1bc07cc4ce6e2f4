"""The codes that people type in to sign in to a device (RFC 8628 section 6.1). Pure."""

import hmac
import secrets
from collections.abc import Sequence
from typing import Final

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no words appear: 34 bits in eight letters."""

LENGTH: Final = 8
LONGEST_INPUT: Final = 64
_GROUP: Final = 4
_BETWEEN: Final = str.maketrans("", "", " -\t\u2010\u2011\u2012\u2013\u2014\u00a0")


def new_user_code() -> str:
    """Return a code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def shown(user_code: str) -> str:
    """Return a code in two groups, as people are shown it."""
    return f"{user_code[:_GROUP]}-{user_code[_GROUP:]}"


def read_user_code(text: str) -> str | None:
    """Return the code that a person typed, in any case and with any spacing; None for what can be none."""
    if len(text) > LONGEST_INPUT:
        return None
    code = text.translate(_BETWEEN).upper()
    return code if len(code) == LENGTH and set(code) <= set(LETTERS) else None


class UserCodeMacs:
    """What the database has of codes: an HMAC, because all codes could be tried against a hash."""

    def __init__(self, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the MAC key, derived for this purpose only, and the one before it, whose codes are still found."""
        self._keys = (key,) if previous_key is None else (key, previous_key)

    def of_new(self, user_code: str) -> bytes:
        """Return what is stored of a code."""
        return _mac(self._keys[0], user_code)

    def of_typed(self, user_code: str) -> Sequence[bytes]:
        """Return what may be stored of a code."""
        return [_mac(key, user_code) for key in self._keys]


def _mac(key: bytes, user_code: str) -> bytes:
    return hmac.digest(key, user_code.encode(), "sha256")
