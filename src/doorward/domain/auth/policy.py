"""The rules of auth as pure decisions: lifetimes, passwords, and what a presented refresh token deserves."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from hmac import compare_digest
from typing import Final

from doorward.domain.auth.exceptions import (
    PasswordIsNameError,
    PasswordLengthError,
    PasswordNotTextError,
    PasswordTooCommonError,
)
from doorward.domain.auth.models import RefreshFamily
from doorward.domain.auth.refresh_token import LAST_GENERATION, RefreshToken, hash_secret

MINIMUM_PASSWORD_LENGTH: Final = 8
MAXIMUM_PASSWORD_LENGTH: Final = 256
"""Code points, as NIST SP 800-63B section 3.1.1.2 counts them."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live. ``refresh_idle`` slides with each rotation, ``session`` is absolute."""

    access: timedelta
    refresh_idle: timedelta
    session: timedelta
    reuse_leeway: timedelta


class Verdict(Enum):
    """What a refresh token deserves that the rotation did not accept."""

    REFUSE = auto()
    REPEAT = auto()
    """The direct predecessor within the leeway: give the same successor again."""
    REVOKE = auto()
    """Reuse: end the family (RFC 9700 section 4.14.2)."""
    RETRY = auto()
    """Still the current token of a live family: the rotation came after its deadline and changed nothing."""


def judge_unrotated(family: RefreshFamily | None, token: RefreshToken, now: datetime, leeway: timedelta) -> Verdict:
    """Decide what becomes of ``token``, which was not current in a live family when it was presented.

    The leeway is measured from the rotation that replaced the token; retries do not extend it.
    """
    if family is None or not compare_digest(family.secret_hash, hash_secret(token.secret)):
        return Verdict.REFUSE
    if family.revoked_at is not None or now >= family.expires_at or token.generation > family.generation:
        return Verdict.REFUSE
    if token.generation == family.generation:
        has_successor = token.generation < LAST_GENERATION
        return Verdict.RETRY if has_successor and family.user_is_active else Verdict.REFUSE
    is_direct_predecessor = token.generation == family.generation - 1
    if is_direct_predecessor and leeway > timedelta(0) and now - family.rotated_at <= leeway:
        return Verdict.REPEAT if family.user_is_active else Verdict.REFUSE
    return Verdict.REVOKE


def normalize_password(password: str) -> str:
    """Return the password in NFKC, so that one password typed on two keyboards is one password."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, username: str, email: str, common_passwords: Collection[str]) -> None:
    """Refuse a password that is too short, too long, or among the first that an attacker would try.

    No composition rules (NIST SP 800-63B section 3.1.1.2). Raises ``PasswordLengthError``, ``PasswordNotTextError``,
    ``PasswordTooCommonError`` or ``PasswordIsNameError``.
    """
    if not MINIMUM_PASSWORD_LENGTH <= len(password) <= MAXIMUM_PASSWORD_LENGTH:
        raise PasswordLengthError
    if not is_unicode_text(password):
        raise PasswordNotTextError
    folded = normalize_password(password).casefold()
    if folded in common_passwords:
        raise PasswordTooCommonError
    if folded in {username.casefold(), email, email.partition("@")[0]}:
        raise PasswordIsNameError


def is_unicode_text(text: str) -> bool:
    """Tell whether the text has only characters, no lone surrogates."""
    return not any(unicodedata.category(character) == "Cs" for character in text)
