"""The scopes of roles in the walks, taken from the page for administrators and not from the product."""

from typing import Final

END_SESSIONS: Final = "admin:sessions:end"
READ_USERS: Final = "admin:users:read"
OWN_ROLE: Final = "walkers"
"""A custom role, whose scopes change."""

ROLES: Final = {
    "support": frozenset(
        {READ_USERS, END_SESSIONS, "admin:passwords:reset", "admin:throttles:reset", "admin:factors:reset"}
    ),
    "auditor": frozenset({READ_USERS, "admin:audit:read"}),
}
"""The scopes of the built-in roles that walkers get."""
