"""The rules of passwords, as pure functions: the allowed lengths, and which new passwords are refused."""

import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from doorward.core.text import CODE_POINTS_OF_A_CHARACTER, has_long_run_of_marks, visible
from doorward.domain.auth.passwords.exceptions import (
    PasswordBlankError,
    PasswordIsNameError,
    PasswordLengthError,
    PasswordNotTextError,
    PasswordTooCommonError,
)
from doorward.domain.auth.passwords.patterns import is_common_pattern

MINIMUM_PASSWORD_LENGTH: Final = 8
MAXIMUM_PASSWORD_LENGTH: Final = 256
"""Code points after normalisation, as NIST SP 800-63B-4 section 3.1.1.2 counts them."""

MAXIMUM_TYPED_LENGTH: Final = MAXIMUM_PASSWORD_LENGTH * CODE_POINTS_OF_A_CHARACTER
"""Code points before normalisation: keyboards that send letters and marks separately send more of them."""

PRODUCT_NAME: Final = "doorward"
_SEPARATORS: Final = str.maketrans("", "", " \t._-+@")
"""The characters between the words of names and addresses, which comparisons ignore."""


def normalize_password(password: str) -> str:
    """Return the password in NFKC, so that the same password typed on two keyboards is equal."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, username: str, email: str, common_passwords: Collection[str]) -> None:
    """Refuse a password that is too short, too long, or among the first that an attacker would try.

    It is normalised first, as for the hash; then it is measured, and compared without regard to case. Invisible
    characters are ignored, except for the maximum length. There are no composition rules (NIST SP 800-63B-4 section
    3.1.1.2). ``common_passwords`` are in NFKC and case-folded. Raises ``PasswordLengthError``,
    ``PasswordNotTextError``, ``PasswordBlankError``, ``PasswordTooCommonError`` or ``PasswordIsNameError``.
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
    """Return whether a password consists only of these names: once or repeated, forwards or reversed, in any case.

    Separators are ignored.
    """
    plain_names = {normalize_password(name).casefold().translate(_SEPARATORS) for name in names} - {""}
    forms = plain_names | {name[::-1] for name in plain_names}
    rest = plain = folded.translate(_SEPARATORS)
    for form in sorted(forms, key=len, reverse=True):
        rest = rest.replace(form, "")
    return plain != "" and rest == ""


def is_unicode_text(text: str) -> bool:
    """Return whether the text is valid Unicode, without lone surrogates."""
    return not any(unicodedata.category(character) == "Cs" for character in text)
