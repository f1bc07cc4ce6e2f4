"""Rules for the scopes of other issuers' tokens, and for the names of their users. Pure, except for random names."""

import secrets
from collections.abc import Collection, Mapping
from typing import Final

from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.auth.users.identifiers import EXTERNAL_PREFIX

LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core section 2."""

_NAME_LENGTH: Final = 20
_NAME_CHARACTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, in which no character looks like another. Twenty of them are 100 bits."""


def mapped_scopes(names: Collection[str], roles: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return the scopes to which the operator maps an issuer's roles and scopes, limited to scopes of resources.

    A name that is not mapped gives no scope, even if it equals a scope of this service.
    """
    return RESOURCE_SCOPES.intersection(scope for name in names for scope in roles.get(name, ()))


def may_name_a_subject(text: str) -> bool:
    """Return whether a subject can be stored."""
    return 0 < len(text) <= LONGEST_SUBJECT and text.isprintable()


def new_external_username() -> str:
    """Return a random user name for a user of another issuer. It does not reveal the subject, and cannot be guessed."""
    return EXTERNAL_PREFIX + "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(_NAME_LENGTH))
