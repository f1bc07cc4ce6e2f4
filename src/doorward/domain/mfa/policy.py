"""The rules of second factors as pure decisions: what a code looks like."""

import secrets
from typing import Final

from doorward.domain.mfa.totp import DIGITS

CODES_OF_A_USER: Final = 10
RECOVERY_CODE_LENGTH: Final = 12
_GROUP: Final = 4
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U. A code has 60 random bits."""

MAXIMUM_CODE_LENGTH: Final = 64
"""Of what is typed: separators included, nothing longer is looked at."""

_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS: Final = str.maketrans("", "", " -\t")


def new_recovery_codes() -> list[str]:
    """Return a user's codes, as they are shown: three groups each."""
    return [
        _grouped("".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_CODE_LENGTH))) for _ in range(CODES_OF_A_USER)
    ]


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_recovery_code(typed: str) -> str | None:
    """Return the code that was typed in any case, with any separators, and with letters that look like digits.

    None for what cannot be one.
    """
    if len(typed) > MAXIMUM_CODE_LENGTH:
        return None
    code = typed.translate(_SEPARATORS).upper().translate(_READ_AS)
    return code if len(code) == RECOVERY_CODE_LENGTH and set(code) <= set(ALPHABET) else None


def read_totp_code(typed: str) -> str | None:
    """Return the code that an application shows, perhaps in groups; None for what cannot be one."""
    if len(typed) > MAXIMUM_CODE_LENGTH:
        return None
    code = typed.translate(_SEPARATORS)
    return code if len(code) == DIGITS and code.isascii() and code.isdecimal() else None
