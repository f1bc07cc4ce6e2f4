"""The rules of administration as pure decisions."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.administration.exceptions import (
    BeyondOwnScopesError,
    InvalidExternalIdError,
    InvalidLocaleError,
    InvalidRoleDescriptionError,
    InvalidRoleNameError,
    QueryTooShortError,
    TooManyRolesOfUserError,
)
from doorward.domain.auth.models import GrantedRole
from doorward.domain.auth.scopes import may_name_a_role
from doorward.domain.auth.users.identifiers import MAXIMUM_IDENTIFIER_LENGTH

MOST_ROLES: Final = 100
MAXIMUM_DESCRIPTION_LENGTH: Final = 200
MAXIMUM_EXTERNAL_ID_LENGTH: Final = 255
MOST_ROLES_OF_A_USER: Final = 20
"""An access token carries their names."""

_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_SEARCHABLE: Final = re.compile(r"[^\W_]{3}")


def require_within(own: Collection[str], *others: Collection[str]) -> None:
    """Refuse what reaches beyond one's own scopes.

    ``own`` are the scopes of whoever acts, at this moment. ``others`` are those that the target has before the change,
    those that it has after it, and the one that the act itself needs. Raises ``BeyondOwnScopesError``.
    """
    if not set().union(*others) <= set(own):
        raise BeyondOwnScopesError


def checked_role_name(name: str) -> str:
    """Return the name if a role may have it. Raises ``InvalidRoleNameError``."""
    if not may_name_a_role(name):
        raise InvalidRoleNameError
    return name


def checked_description(text: str) -> str:
    """Return the description as it is stored: in NFC, without white space around it.

    Raises ``InvalidRoleDescriptionError``.
    """
    try:
        composed = normalize(text.strip(), "NFC", longest=4 * MAXIMUM_DESCRIPTION_LENGTH)
    except UnsafeTextError as error:
        raise InvalidRoleDescriptionError from error
    if len(composed) > MAXIMUM_DESCRIPTION_LENGTH or not composed.isprintable():
        raise InvalidRoleDescriptionError
    return composed


def checked_external_id(text: str) -> str:
    """Return the id that another system gave the user, if it may be stored. Raises ``InvalidExternalIdError``."""
    if not 1 <= len(text) <= MAXIMUM_EXTERNAL_ID_LENGTH or text != text.strip() or not text.isprintable():
        raise InvalidExternalIdError
    return text


def checked_locale(text: str) -> str:
    """Return the language tag (RFC 5646), if it may be one. Raises ``InvalidLocaleError``."""
    if not _LOCALE.fullmatch(text):
        raise InvalidLocaleError
    return text


def checked_roles(names: Collection[str]) -> frozenset[str]:
    """Return the names, each once. Raises ``TooManyRolesOfUserError``."""
    distinct = frozenset(names)
    if len(distinct) > MOST_ROLES_OF_A_USER:
        raise TooManyRolesOfUserError
    return distinct


def search_pattern(part: str) -> str:
    """Return the LIKE pattern of the names and addresses that hold this part, in the form in which they are unique.

    An index finds it by three letters or digits in a row. Raises ``QueryTooShortError``.
    """
    try:
        folded = normalize(part.strip(), "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH).casefold()
    except UnsafeTextError as error:
        raise QueryTooShortError from error
    if not _SEARCHABLE.search(folded) or not folded.isprintable():
        raise QueryTooShortError
    return "%" + re.sub(r"([\\%_])", r"\\\1", folded) + "%"


def scopes_of(roles: Iterable[GrantedRole]) -> frozenset[str]:
    """Return all scopes that these roles give together."""
    return frozenset(scope for role in roles for scope in role.scopes)
