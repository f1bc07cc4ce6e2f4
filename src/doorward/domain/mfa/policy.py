"""The formats of codes. Pure."""

import secrets
from typing import Final

from doorward.domain.mfa.totp import DIGITS

CODES_OF_A_USER: Final = 10
RECOVERY_CODE_LENGTH: Final = 12
_GROUP: Final = 4
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U. A code has 60 random bits."""

MAXIMUM_CODE_LENGTH: Final = 64
"""Maximum length of typed input including separators. Longer input is refused unread."""

_LOOKALIKES: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS: Final = str.maketrans("", "", " -\t")


def new_recovery_codes() -> list[str]:
    """Return new random codes for a user, in three groups each, as they are shown."""
    return [
        _grouped("".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_CODE_LENGTH))) for _ in range(CODES_OF_A_USER)
    ]


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_recovery_code(typed: str) -> str | None:
    """Return the recovery code that was typed in any case, with any separators, and with letters that look like digits.

    Return None for input that cannot be a code.
    """
    if len(typed) > MAXIMUM_CODE_LENGTH:
        return None
    code = typed.translate(_SEPARATORS).upper().translate(_LOOKALIKES)
    return code if len(code) == RECOVERY_CODE_LENGTH and set(code) <= set(ALPHABET) else None


def read_totp_code(typed: str) -> str | None:
    """Return the code of an application, which may be typed in groups; None for input that cannot be one."""
    if len(typed) > MAXIMUM_CODE_LENGTH:
        return None
    code = typed.translate(_SEPARATORS)
    return code if len(code) == DIGITS and code.isascii() and code.isdecimal() else None
