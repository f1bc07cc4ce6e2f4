"""The rules of auth as pure decisions: lifetimes, passwords, and what a presented refresh token deserves."""

import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import Enum, auto
from hmac import compare_digest
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.text import CODE_POINTS_OF_A_CHARACTER, has_long_run_of_marks, visible
from doorward.domain.auth.password_exceptions import (
    PasswordBlankError,
    PasswordIsNameError,
    PasswordLengthError,
    PasswordNotTextError,
    PasswordTooCommonError,
)
from doorward.domain.auth.password_patterns import is_common_pattern
from doorward.domain.auth.refresh_token import RefreshToken, hash_secret
from doorward.domain.auth.rotated_session import LockedSession

MINIMUM_PASSWORD_LENGTH: Final = 8
MAXIMUM_PASSWORD_LENGTH: Final = 256
"""Code points after normalisation, as NIST SP 800-63B-4 section 3.1.1.2 counts them."""

MAXIMUM_TYPED_LENGTH: Final = MAXIMUM_PASSWORD_LENGTH * CODE_POINTS_OF_A_CHARACTER
"""Code points as they were typed: keyboards that send letters and marks apart send more of them."""

FRESH_PROOF: Final = timedelta(minutes=5)
"""How old the proof of a session may be for calls that change how its user signs in."""

PRODUCT_NAME: Final = "doorward"
_SEPARATORS: Final = str.maketrans("", "", " \t._-+@")
"""What stands between the words of names and addresses, and is left out of comparisons."""


@frozen
class Lifetimes:
    """How long things live. ``refresh_idle`` slides with each rotation, ``session`` is absolute."""

    access: timedelta
    refresh_idle: timedelta
    session: timedelta
    reuse_leeway: timedelta
    most_sessions: int
    """Live ones of a user: one that begins beyond it ends the one that was used longest ago."""


class RefreshVerdict(Enum):
    """What a refresh token deserves that the rotation did not accept."""

    REFUSE = auto()
    REPEAT = auto()
    """The direct predecessor within the leeway: give the same successor again."""
    END = auto()
    """Reuse: end the session (RFC 9700 section 4.14.2)."""
    RETRY = auto()
    """Still the current token of a live session: the rotation came after its deadline and changed nothing."""


def judge_unrotated(
    session: LockedSession | None,
    token: RefreshToken,
    now: datetime,
    leeway: timedelta,
    *,
    client_id: str,
    ends_others: bool = False,
) -> RefreshVerdict:
    """Decide what becomes of ``token``, which was not current in a live session of the client when it was presented.

    The leeway is measured from the rotation that replaced the token; retries do not extend it. A session of another
    client is left alone, unless the client showed its secret (``ends_others``): then it has a token that was stolen.
    """
    if session is None or not compare_digest(session.secret_hash, hash_secret(token.secret)):
        return RefreshVerdict.REFUSE
    if session.has_ended or now >= session.expires_at or token.generation > session.generation:
        return RefreshVerdict.REFUSE
    if session.client_id != client_id:
        return RefreshVerdict.END if ends_others else RefreshVerdict.REFUSE
    if token.generation == session.generation:
        return RefreshVerdict.RETRY if session.user_is_active else RefreshVerdict.REFUSE
    is_direct_predecessor = token.generation == session.generation - 1
    if is_direct_predecessor and leeway > timedelta(0) and now - session.refreshed_at <= leeway:
        return RefreshVerdict.REPEAT if session.user_is_active else RefreshVerdict.REFUSE
    return RefreshVerdict.END


def is_fresh(authenticated_at: datetime, now: datetime) -> bool:
    """Tell whether a user authenticated recently enough for a call that needs a fresh proof."""
    return now - authenticated_at <= FRESH_PROOF


def normalize_password(password: str) -> str:
    """Return the password in NFKC, so that one password typed on two keyboards is one password."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, username: str, email: str, common_passwords: Collection[str]) -> None:
    """Refuse a password that is too short, too long, or among the first that an attacker would try.

    It is normalised first, as for the hash, and then counted and compared in any case of its letters. Invisible
    characters count for nothing. No composition rules (NIST SP 800-63B-4 section 3.1.1.2). ``common_passwords`` are in
    NFKC and case-folded. Raises ``PasswordLengthError``, ``PasswordNotTextError``, ``PasswordBlankError``,
    ``PasswordTooCommonError`` or ``PasswordIsNameError``.
    """
    if len(password) > MAXIMUM_TYPED_LENGTH:
        raise PasswordLengthError
    if not is_unicode_text(password) or has_long_run_of_marks(password):
        raise PasswordNotTextError
    normalized = normalize_password(password)
    seen = visible(normalized)
    if normalized and not seen.strip():
        raise PasswordBlankError
    if len(seen) < MINIMUM_PASSWORD_LENGTH or len(normalized) > MAXIMUM_PASSWORD_LENGTH:
        raise PasswordLengthError
    folded = seen.casefold()
    if folded in common_passwords or folded.strip() in common_passwords:
        raise PasswordTooCommonError
    if _consists_of(folded, (username, email, email.partition("@")[0], PRODUCT_NAME)):
        raise PasswordIsNameError
    if is_common_pattern(folded.strip(), common_passwords):
        raise PasswordTooCommonError


def _consists_of(folded: str, names: Iterable[str]) -> bool:
    """Tell whether a password holds nothing but these names: once or often, forwards or backwards, in any case.

    Separators count for nothing.
    """
    plain_names = {normalize_password(name).casefold().translate(_SEPARATORS) for name in names} - {""}
    forms = plain_names | {name[::-1] for name in plain_names}
    rest = plain = folded.translate(_SEPARATORS)
    for form in sorted(forms, key=len, reverse=True):
        rest = rest.replace(form, "")
    return plain != "" and rest == ""


def is_unicode_text(text: str) -> bool:
    """Tell whether the text has only characters, no lone surrogates."""
    return not any(unicodedata.category(character) == "Cs" for character in text)
