"""The administrator's steps on a user during kills, and the effect of each step on the stored state."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from development.proof.kills.ledger import entries

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one kill


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored state of one user, and whether a second address is invited."""

    is_invited: bool = False
    roles: tuple[str, ...] | None = None
    """None if there is no account."""
    is_active: bool = False
    epoch: int = 0
    must_change_password: bool = False
    has_new_address: bool = False
    is_leaving: bool = False
    events: tuple[str, ...] = ()
    """The types of the user's audit events whose actor is the administrator."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call of the administrator, and its effect on the facts. ``{}`` is the user's id."""

    method: str
    path: str
    change: Callable[[Facts], Facts]
    body: Callable[[str], dict[str, Any]] | None = None


def _after(facts: Facts, *events: str, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    return replace(facts, events=(*facts.events, *events), **changes)


def address_of(name: str) -> str:
    """Return the address with which a user of this name is created."""
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
"""The last step for every second user."""

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
    """One user and the administrator's knowledge about it."""

    name: str
    user_id: str | None = None
    access: str | None = None
    """An access token of the user's own session, which starts after the account was created."""
    told: Facts = Facts()
    pending: Facts | None = None
    """The expected state if the call without a response took effect."""


def judge(person: Administered, stored: Facts, messages: tuple[str, ...]) -> Iterator[str]:
    """Compare the stored state with the responses to the administrator."""
    if stored not in {person.told, person.pending or person.told}:
        yield f"stored: {stored}; told: {person.told}; not answered: {person.pending}"
    if messages != stored.events:
        yield f"messages to the webhook: {messages}; events: {stored.events}"


def read(path: Path) -> list[Administered]:
    """Return the users of a ledger."""
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
