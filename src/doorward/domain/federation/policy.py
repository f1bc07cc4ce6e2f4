"""What the tokens of foreign issuers allow, and what their users are called. Pure, but for the random names."""

import secrets
from collections.abc import Collection, Mapping
from typing import Final

from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.auth.users.identifiers import EXTERNAL_PREFIX

LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core section 2."""

_NAME_LENGTH: Final = 20
_NAME_CHARACTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: none is taken for another. Twenty of them are 100 bits."""


def mapped_scopes(names: Collection[str], roles: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return the scopes that an issuer's names of roles and scopes stand for; whatever is mapped, of resources alone.

    A name that the operator has not mapped stands for nothing, also if a scope of this service has it.
    """
    return RESOURCE_SCOPES.intersection(scope for name in names for scope in roles.get(name, ()))


def may_name_a_subject(text: str) -> bool:
    """Tell whether a subject can be stored."""
    return 0 < len(text) <= LONGEST_SUBJECT and text.isprintable()


def new_external_username() -> str:
    """Return a name for a user of a foreign issuer. It tells nothing of the subject, and cannot be guessed."""
    return EXTERNAL_PREFIX + "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(_NAME_LENGTH))
