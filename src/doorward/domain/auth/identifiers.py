"""The canonical forms of user names and e-mail addresses: one spelling for each, computed here only."""

import re
import unicodedata
from typing import Final

from email_validator import EmailNotValidError, validate_email

from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError

_USERNAME: Final = re.compile(r"[A-Za-z0-9._-]{3,32}")
MAXIMUM_IDENTIFIER_LENGTH: Final = 320
"""Code points. RFC 5321 section 4.5.3.1: 64 before the @ and 255 after it."""


def display_username(text: str) -> str:
    """Return the name as it is shown: NFKC, case kept.

    ASCII after NFKC, so that no two names look alike but differ (a Cyrillic letter for a Latin one).
    Raises ``InvalidUsernameError``.
    """
    name = unicodedata.normalize("NFKC", text) if len(text) <= MAXIMUM_IDENTIFIER_LENGTH else ""
    if not _USERNAME.fullmatch(name):
        raise InvalidUsernameError
    return name


def canonical_username(text: str) -> str:
    """Return the form in which a user name is unique: as shown, in lower case. Raises ``InvalidUsernameError``."""
    return display_username(text).lower()


def is_email(text: str) -> bool:
    """Tell an e-mail address from a user name: by its @, in any width. User names have none."""
    return "@" in unicodedata.normalize("NFKC", text[: MAXIMUM_IDENTIFIER_LENGTH + 1])


def canonical_email(text: str) -> str:
    """Return the form in which an address is stored and unique.

    NFKC first, then checked and normalised by the validator (IDNA for the domain), the local part case-folded.
    Raises ``InvalidEmailError``.
    """
    if len(text) > MAXIMUM_IDENTIFIER_LENGTH:
        raise InvalidEmailError
    try:
        address = validate_email(unicodedata.normalize("NFKC", text), check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidEmailError from error
    local_part = unicodedata.normalize("NFKC", address.local_part.casefold())
    return f"{local_part}@{address.domain}"
