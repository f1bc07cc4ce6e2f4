"""What an administrator does to a user while the service dies, and what each step makes of what is stored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from development.proof.kills.ledger import entries

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of people who live for one kill


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored of one user, and of the invitation of a neighbour."""

    is_invited: bool = False
    roles: tuple[str, ...] | None = None
    """None without an account."""
    is_active: bool = False
    epoch: int = 0
    must_change_password: bool = False
    has_new_address: bool = False
    is_leaving: bool = False
    events: tuple[str, ...] = ()
    """The types of the entries about the user whose actor is the administrator."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call of the administrator: how it is made, and what it makes of the facts. ``{}`` is the user's id."""

    method: str
    path: str
    change: Callable[[Facts], Facts]
    body: Callable[[str], dict[str, Any]] | None = None


def _after(facts: Facts, *events: str, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    return replace(facts, events=(*facts.events, *events), **changes)


def address_of(name: str) -> str:
    """Return the address that a user of this name is created with."""
    return f"{name}@example.com"


STEPS: Final[Mapping[str, Step]] = {
    "invite": Step(
        "POST",
        "/invitations",
        lambda facts: _after(facts, is_invited=True),
        lambda name: {"email": f"{name}@example.net", "roles": ["auditor"]},
    ),
    "create": Step(
        "POST",
        "/users",
        lambda facts: _after(facts, "user.registered", "user.roles_changed", roles=("support",), is_active=True),
        lambda name: {"email": address_of(name), "username": name, "password": PASSWORD, "roles": ["support"]},
    ),
    "roles": Step(
        "PATCH",
        "/users/{}",
        lambda facts: _after(facts, "user.roles_changed", "user.roles_changed", roles=("auditor",)),
        lambda _: {"roles": ["auditor"]},
    ),
    "forced reset": Step(
        "POST",
        "/users/{}/password-reset",
        lambda facts: _after(facts, "user.password_reset_forced", epoch=facts.epoch + 1, must_change_password=True),
    ),
    "deactivate": Step(
        "POST",
        "/users/{}/deactivate",
        lambda facts: _after(facts, "user.deactivated", epoch=facts.epoch + 1, is_active=False),
    ),
    "activate": Step(
        "POST", "/users/{}/activate", lambda facts: _after(facts, "user.activated", is_active=True, is_leaving=False)
    ),
    "new address": Step(
        "PATCH",
        "/users/{}",
        lambda facts: _after(facts, "user.email_changed", epoch=facts.epoch + 1, has_new_address=True),
        lambda name: {"email": f"{name}@example.org"},
    ),
    "delete": Step(
        "DELETE",
        "/users/{}",
        lambda facts: _after(facts, "user.deletion_scheduled", epoch=facts.epoch + 1, is_active=False, is_leaving=True),
    ),
    "erase": Step(
        "DELETE",
        "/users/{}?now=true",
        lambda facts: Facts(is_invited=facts.is_invited, events=(*facts.events, "user.deleted")),
    ),
}
LAST_OF_HALF: Final = "new address"
"""With which every second user is left alone."""

EVENTS: Final = (
    "user.registered",
    "user.roles_changed",
    "user.password_reset_forced",
    "user.deactivated",
    "user.activated",
    "user.email_changed",
    "user.deletion_scheduled",
    "user.deleted",
)


@dataclass
class Administered:
    """One user as the administrator knows it."""

    name: str
    user_id: str | None = None
    access: str | None = None
    """Of the user's own session, which begins after the account."""
    told: Facts = Facts()
    pending: Facts | None = None
    """What the call would make of it whose answer never came."""


def judge(person: Administered, stored: Facts, messages: tuple[str, ...]) -> Iterator[str]:
    """Compare what is stored with what the administrator was told."""
    if stored not in {person.told, person.pending or person.told}:
        yield f"stored: {stored}; told: {person.told}; not answered: {person.pending}"
    if messages != stored.events:
        yield f"messages to the webhook: {messages}; events: {stored.events}"


def read(path: Path) -> list[Administered]:
    """Return what the ledger says of each user."""
    people: dict[str, Administered] = {}
    for entry in entries(path):
        person = people.setdefault(entry["person"], Administered(entry["person"]))
        if "step" in entry:
            person.pending = STEPS[entry["step"]].change(person.told)
        elif "told" in entry:
            person.told, person.pending = STEPS[entry["told"]].change(person.told), None
            person.user_id = entry["user_id"]
        else:
            person.access = entry["access"]
    return list(people.values())
