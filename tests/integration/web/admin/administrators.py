"""People with roles in separate browsers, and the pages that they open."""

from typing import Final
from uuid import uuid4

from development.client import Person
from tests.integration.administration.administrator import give
from tests.integration.service import Service
from tests.integration.web.visitor import Shown, Visitor, verified

USERS: Final = "/admin/users"
USERS_TITLE: Final = "Users"
REFUSED: Final = "Not for this account"


def page_of(person: Person) -> str:
    """Return the path of a user's page."""
    return f"/admin/user?id={person.id}"


async def administrator(service: Service, *roles: str, at: str = USERS) -> Visitor:
    """Return a person with these roles who has signed in and opened a page, or was refused there."""
    found = Visitor(service, await verified(service))
    await give(service, found.person, *roles)
    await found.sign_in(at)
    return found


def role_of(service: Service, *scopes: str) -> str:
    """Create a role with these scopes; return its name."""
    name = f"r{uuid4().hex[:20]}"
    service.sql("INSERT INTO roles (name, description, scopes) VALUES (%s, '', %s)", name, list(scopes))
    return name


async def open_user(visitor: Visitor, person: Person) -> Shown:
    """Open the page of a user."""
    return await visitor.open(page_of(person))
