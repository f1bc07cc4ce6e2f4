"""Signed-in users with roles, and the calls of administration."""

from typing import Any, Final

import httpx

from development.client import Person
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.service import Service

ADMIN: Final = "/api/v1/admin"
USERS: Final = f"{ADMIN}/users"
ROLES: Final = f"{ADMIN}/roles"
INVITATIONS: Final = f"{ADMIN}/invitations"
AUDIT: Final = f"{ADMIN}/audit"


async def give(service: Service, person: Person, *roles: str) -> None:
    """Replace a user's roles."""
    await service.write("UPDATE users SET roles = %s WHERE id = %s", list(roles), person.id)


async def signed_in_with(service: Service, *roles: str) -> Owner:
    """Return a signed-in user with these roles."""
    owner = await signed_in(service)
    await give(service, owner.person, *roles)
    return owner


def user(person: Person, *parts: str) -> str:
    """Return the path of a user, or of a resource below it."""
    return "/".join([USERS, person.id, *parts])


def stored(service: Service, person: Person) -> dict[str, Any]:
    """Return the row of a user."""
    (row,) = service.sql("SELECT * FROM users WHERE id = %s", person.id)
    return row


def trail(service: Service, person: Person) -> list[tuple[str, str | None]]:
    """Return type and actor of a user's audit events, the oldest first."""
    rows = service.sql("SELECT type, actor FROM audit_events WHERE user_id = %s ORDER BY id", person.id)
    return [(row["type"], row["actor"]) for row in rows]


def names(answer: httpx.Response) -> list[str]:
    """Return the user names of a list response."""
    assert answer.status_code == 200, answer.text
    return [each["username"] for each in answer.json()["users"]]
