"""The scopes of administration and of resources, and those that a token allows now. Pure."""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT


class AdminScope(StrEnum):
    """The scopes of administration (RFC 6749 section 3.3). Roles give them; a token by itself never does."""

    USERS_READ = "admin:users:read"
    USERS_WRITE = "admin:users:write"
    USERS_DELETE = "admin:users:delete"
    USERS_IMPORT = "admin:users:import"
    USERS_EXPORT = "admin:users:export"
    SESSIONS_END = "admin:sessions:end"
    PASSWORDS_RESET = "admin:passwords:reset"
    THROTTLES_RESET = "admin:throttles:reset"
    FACTORS_RESET = "admin:factors:reset"
    ROLES_WRITE = "admin:roles:write"
    INVITATIONS_WRITE = "admin:invitations:write"
    WEBHOOKS_WRITE = "admin:webhooks:write"
    OUTBOX_WRITE = "admin:outbox:write"
    AUDIT_READ = "admin:audit:read"
    CLIENTS_WRITE = "admin:clients:write"
    KEYS_WRITE = "admin:keys:write"


class ResourceScope(StrEnum):
    """The scopes of this service's resources. ``account`` includes all of them."""

    ITEMS_READ = "items:read"
    ITEMS_WRITE = "items:write"


ADMIN_SCOPES: Final = frozenset(AdminScope)
RESOURCE_SCOPES: Final = frozenset(ResourceScope)
ADMIN_ROLE: Final = "admin"
"""The built-in role with all scopes of administration. Its last active user cannot be removed."""


_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
"""The syntax of a scope (RFC 6749 section 3.3)."""

_ROLE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,31}")


def may_name_a_role(name: str) -> bool:
    """Return whether a role can have this name. Other names are never looked up."""
    return _ROLE_NAME.fullmatch(name) is not None


def may_name_a_scope(name: str) -> bool:
    """Return whether a scope can have this name. Other names are never looked up."""
    return _SCOPE.fullmatch(name) is not None


def with_implied_scopes(granted: Collection[str]) -> frozenset[str]:
    """Return the granted scopes and those that they include: ``account`` includes all scopes of resources."""
    return frozenset(granted).union(RESOURCE_SCOPES if ACCOUNT_SCOPE in granted else ())


def includes_scopes(granted: Collection[str], asked: Collection[str]) -> bool:
    """Return whether the granted scopes include all requested ones. ``account`` includes all scopes of resources."""
    return with_implied_scopes(granted).issuperset(asked)


def effective_scopes(
    client_id: str, token_scopes: frozenset[str], role_scopes: Collection[str] | None
) -> frozenset[str]:
    """Return the scopes that a token allows, given the scopes of its user's current roles.

    ``account`` includes all scopes of resources and, in a token of the built-in client, all scopes of the roles. A
    token of another client allows only those scopes of the roles that the token itself has.
    """
    if ACCOUNT_SCOPE in token_scopes:
        token_scopes |= RESOURCE_SCOPES
    if not role_scopes:
        return token_scopes if token_scopes.isdisjoint(ADMIN_SCOPES) else token_scopes - ADMIN_SCOPES
    given = ADMIN_SCOPES.intersection(role_scopes)
    if client_id == FIRST_PARTY_CLIENT and ACCOUNT_SCOPE in token_scopes:
        return (token_scopes - ADMIN_SCOPES) | given
    return (token_scopes - ADMIN_SCOPES) | (token_scopes & given)
