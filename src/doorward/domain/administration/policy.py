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

MAXIMUM_ROLES: Final = 100
MAXIMUM_DESCRIPTION_LENGTH: Final = 200
MAXIMUM_EXTERNAL_ID_LENGTH: Final = 255
MAXIMUM_ROLES_PER_USER: Final = 20
"""Access tokens carry the names of the roles."""

_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_SEARCHABLE: Final = re.compile(r"[^\W_]{3}")


def require_scopes_within(own: Collection[str], *others: Collection[str]) -> None:
    """Refuse an action that exceeds one's own scopes.

    ``own`` are the present scopes of the caller. ``others`` are the target's scopes before the change, its scopes after
    the change, and the scope that the action itself needs. Raises ``BeyondOwnScopesError``.
    """
    if not set().union(*others) <= set(own):
        raise BeyondOwnScopesError


def checked_role_name(name: str) -> str:
    """Return the name if it is valid for a role. Raises ``InvalidRoleNameError``."""
    if not may_name_a_role(name):
        raise InvalidRoleNameError
    return name


def checked_description(text: str) -> str:
    """Return the description in its stored form: NFC, trimmed.

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
    """Return the id that another system gave the user, if it is valid. Raises ``InvalidExternalIdError``."""
    if not 1 <= len(text) <= MAXIMUM_EXTERNAL_ID_LENGTH or text != text.strip() or not text.isprintable():
        raise InvalidExternalIdError
    return text


def checked_locale(text: str) -> str:
    """Return the language tag (RFC 5646), if it is valid. Raises ``InvalidLocaleError``."""
    if not _LOCALE.fullmatch(text):
        raise InvalidLocaleError
    return text


def checked_roles(names: Collection[str]) -> frozenset[str]:
    """Return the names without duplicates. Raises ``TooManyRolesOfUserError``."""
    distinct = frozenset(names)
    if len(distinct) > MAXIMUM_ROLES_PER_USER:
        raise TooManyRolesOfUserError
    return distinct


def search_pattern(part: str) -> str:
    """Return the LIKE pattern of canonical names and addresses that contain this part.

    The trigram index needs three letters or digits in a row. Raises ``QueryTooShortError``.
    """
    try:
        folded = normalize(part.strip(), "NFKC", longest=MAXIMUM_IDENTIFIER_LENGTH).casefold()
    except UnsafeTextError as error:
        raise QueryTooShortError from error
    if not _SEARCHABLE.search(folded) or not folded.isprintable():
        raise QueryTooShortError
    return "%" + re.sub(r"([\\%_])", r"\\\1", folded) + "%"


def union_of_scopes(roles: Iterable[GrantedRole]) -> frozenset[str]:
    """Return the union of the roles' scopes."""
    return frozenset(scope for role in roles for scope in role.scopes)
