"""User names and e-mail addresses: the form that is shown, the form that is unique, and what sign-up refuses."""

import re
import secrets
import unicodedata
from collections.abc import Collection
from typing import Final

from email_validator import EmailNotValidError, validate_email

from doorward.core.frozen import frozen
from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError, UsernameReservedError

_USERNAME: Final = re.compile(r"[A-Za-z0-9._-]{3,32}")
_USERNAME_SEPARATORS: Final = "._-"
EXTERNAL_PREFIX: Final = "ext_"
"""The prefix of the names of foreign issuers' users. No other account gets such a name."""

MAXIMUM_IDENTIFIER_LENGTH: Final = 320
"""In code points: 64 before the @ and 255 after it (RFC 5321 section 4.5.3.1)."""

MAXIMUM_LOCAL_PART_BYTES: Final = 64
"""RFC 5321 section 4.5.3.1.1, in UTF-8 (RFC 6531 section 3.3)."""

_PUBLIC_DOMAIN: Final = ".example.com"

_TRIMMED: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Unicode's White_Space, then zero-width spaces and joiners, direction marks and the byte order mark.

Phone keyboards add a space after a completed word, and copied text can contain the other characters.
"""


_GENERATED_LENGTH: Final = 10
_GENERATED_CHARACTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: no two characters look alike."""


@frozen
class EmailAddress:
    """An e-mail address. ``shown`` is as it was typed, for people and mail; ``key`` is the unique form, for queries.

    ``is_public`` is false for hosts without a dot and for the special-use domains of RFC 6761, such as .local and
    .test: no mail reaches them over the Internet.
    """

    shown: str
    key: str
    is_public: bool


def generated_username() -> str:
    """Return a random name, for users who have chosen none."""
    return "u-" + "".join(secrets.choice(_GENERATED_CHARACTERS) for _ in range(_GENERATED_LENGTH))


def display_username(text: str) -> str:
    """Return the name as it is shown: without white space around it, in NFKC, case kept.

    Only ASCII is accepted, so that no two names look alike but differ (a Cyrillic letter for a Latin one).
    Raises ``InvalidUsernameError``.
    """
    try:
        name = normalize(text.strip(_TRIMMED), "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH)
    except UnsafeTextError as error:
        raise InvalidUsernameError from error
    if not _USERNAME.fullmatch(name):
        raise InvalidUsernameError
    return name


def canonical_username(text: str) -> str:
    """Return the form in which a user name is unique: as shown, in lower case. Raises ``InvalidUsernameError``."""
    return display_username(text).lower()


def read_new_username(text: str, *, reserved: Collection[str]) -> str:
    """Return the name of a new account as it is shown.

    ``reserved`` holds names as ``without_separators`` returns them. Names of foreign issuers' users are reserved, too.
    Existing accounts keep names that are refused here. Raises ``InvalidUsernameError`` or ``UsernameReservedError``.
    """
    name = display_username(text)
    if name != name.strip(_USERNAME_SEPARATORS):
        raise InvalidUsernameError
    if without_separators(name) in reserved or is_external_username(name):
        raise UsernameReservedError
    return name


def is_external_username(name: str) -> bool:
    """Return whether only users of foreign issuers can have this name."""
    return name.lower().startswith(EXTERNAL_PREFIX)


def without_separators(name: str) -> str:
    """Return a user name in lower case without dots, underscores and hyphens: no-reply and NoReply become equal."""
    return re.sub(rf"[{_USERNAME_SEPARATORS}]", "", name).lower()


def is_email(text: str) -> bool:
    """Return whether the text is an e-mail address rather than a user name: it has an @, perhaps a full-width one."""
    return "@" in unicodedata.normalize("NFKC", text.strip(_TRIMMED)[: MAXIMUM_IDENTIFIER_LENGTH + 1])


def read_email(text: str) -> EmailAddress:
    """Return all forms of an account's address, even if sign-up would refuse it today.

    The text is trimmed and converted to NFKC, then checked and normalised by the validator: the domain in lower case by
    the rules of IDNA. The local part is shown as it was typed, because only its mail system can interpret its case; in
    the key it is case-folded. Raises ``InvalidEmailError``.
    """
    try:
        normalized = normalize(text.strip(_TRIMMED), "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH)
        local_part, domain, is_public = _validated_parts(normalized)
    except (EmailNotValidError, UnsafeTextError, UnicodeError) as error:
        raise InvalidEmailError from error
    local_key = unicodedata.normalize("NFKC", local_part.casefold())
    return EmailAddress(shown=f"{local_part}@{domain}", key=f"{local_key}@{domain}", is_public=is_public)


def read_new_email(text: str, *, allows_special_domains: bool) -> EmailAddress:
    """Return all forms of the address of a new account.

    Refuses more than 64 bytes before the @ and, unless ``allows_special_domains``, addresses that are not public.
    Raises ``InvalidEmailError``.
    """
    address = read_email(text)
    local_part = address.shown.rpartition("@")[0]
    if len(local_part.encode()) > MAXIMUM_LOCAL_PART_BYTES or not (address.is_public or allows_special_domains):
        raise InvalidEmailError
    return address


def canonical_email(text: str) -> str:
    """Return the form in which an address is unique. Raises ``InvalidEmailError``."""
    return read_email(text).key


def read_identifier(name: str) -> str | None:
    """Return the canonical form of a user name or an e-mail address; None if the text is neither."""
    try:
        return canonical_email(name) if is_email(name) else canonical_username(name)
    except (InvalidEmailError, InvalidUsernameError):
        return None


def _validated_parts(address: str) -> tuple[str, str, bool]:
    """Return local part, domain, and whether the domain is public. Raises ``EmailNotValidError``.

    The validator has no option that allows all special-use domains. Such a domain is checked as a subdomain of a public
    one, for which the rules for its labels are the same.
    """
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        valid = validate_email(address + _PUBLIC_DOMAIN, check_deliverability=False)
        domain = valid.domain.removesuffix(_PUBLIC_DOMAIN)
        if domain.rpartition(".")[2].isdecimal():  # an IPv4 address
            raise
        return valid.local_part, domain, False
    return valid.local_part, valid.domain, True
