"""What administration consists of, as scopes, and what of it a token allows today. Pure."""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT


class AdminScope(StrEnum):
    """A part of administration (RFC 6749 section 3.3). Roles give them; a token by itself never does."""

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
    """What can be done with a resource of this service. ``account`` stands for all of them."""

    ITEMS_READ = "items:read"
    ITEMS_WRITE = "items:write"


ADMIN_SCOPES: Final = frozenset(AdminScope)
RESOURCE_SCOPES: Final = frozenset(ResourceScope)
ADMIN_ROLE: Final = "admin"
"""The built-in role that gives all of them. Of its active holders one always stays."""


_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
"""RFC 6749 section 3.3."""

_ROLE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,31}")


def may_name_a_role(name: str) -> bool:
    """Tell whether a role can have this name. Of others, none is looked up."""
    return _ROLE_NAME.fullmatch(name) is not None


def may_name_a_scope(name: str) -> bool:
    """Tell whether a scope can have this name. Of others, none is looked up."""
    return _SCOPE.fullmatch(name) is not None


def includes_scopes(granted: Collection[str], asked: Collection[str]) -> bool:
    """Tell whether what a session was granted includes all of these scopes: ``account`` stands for others, too."""
    return set(asked).issubset([*granted, *(RESOURCE_SCOPES if ACCOUNT_SCOPE in granted else ())])


def effective_scopes(
    client_id: str, token_scopes: frozenset[str], role_scopes: Collection[str] | None
) -> frozenset[str]:
    """Return what a token allows, given the scopes of the roles that its user has today.

    ``account`` stands for all scopes of resources, and in a token of the built-in client for all that the roles give.
    A token of another client allows of the latter what it names, and never more.
    """
    if ACCOUNT_SCOPE in token_scopes:
        token_scopes |= RESOURCE_SCOPES
    if not role_scopes:
        return token_scopes if token_scopes.isdisjoint(ADMIN_SCOPES) else token_scopes - ADMIN_SCOPES
    given = ADMIN_SCOPES.intersection(role_scopes)
    if client_id == FIRST_PARTY_CLIENT and ACCOUNT_SCOPE in token_scopes:
        return (token_scopes - ADMIN_SCOPES) | given
    return (token_scopes - ADMIN_SCOPES) | (token_scopes & given)
