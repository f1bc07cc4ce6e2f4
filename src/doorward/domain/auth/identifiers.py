"""The forms of user names and e-mail addresses: as they are shown, and as they are unique. Computed here only."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError

_USERNAME: Final = re.compile(r"[A-Za-z0-9._-]{3,32}")
MAXIMUM_IDENTIFIER_LENGTH: Final = 320
"""Code points. RFC 5321 section 4.5.3.1: 64 before the @ and 255 after it."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address. ``shown`` is as it was typed, for people and for mail; ``key`` is unique, for looking it up."""

    shown: str
    key: str


def display_username(text: str) -> str:
    """Return the name as it is shown: NFKC, case kept.

    ASCII after NFKC, so that no two names look alike but differ (a Cyrillic letter for a Latin one).
    Raises ``InvalidUsernameError``.
    """
    try:
        name = normalize(text, "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH)
    except UnsafeTextError as error:
        raise InvalidUsernameError from error
    if not _USERNAME.fullmatch(name):
        raise InvalidUsernameError
    return name


def canonical_username(text: str) -> str:
    """Return the form in which a user name is unique: as shown, in lower case. Raises ``InvalidUsernameError``."""
    return display_username(text).lower()


def is_email(text: str) -> bool:
    """Tell an e-mail address from a user name: by its @, in any width. User names have none."""
    return "@" in unicodedata.normalize("NFKC", text[: MAXIMUM_IDENTIFIER_LENGTH + 1])


def read_email(text: str) -> EmailAddress:
    """Return both forms of an address.

    NFKC first, then checked and normalised by the validator: the domain in lower case by the rules of IDNA. The local
    part is shown as it was typed, since only its mail system knows what its case means; in the key it is case-folded.
    Raises ``InvalidEmailError``.
    """
    try:
        normalized = normalize(text, "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH)
        address = validate_email(normalized, check_deliverability=False)
    except (EmailNotValidError, UnsafeTextError, UnicodeError) as error:
        raise InvalidEmailError from error
    local_key = unicodedata.normalize("NFKC", address.local_part.casefold())
    return EmailAddress(shown=f"{address.local_part}@{address.domain}", key=f"{local_key}@{address.domain}")


def canonical_email(text: str) -> str:
    """Return the form in which an address is unique. Raises ``InvalidEmailError``."""
    return read_email(text).key
