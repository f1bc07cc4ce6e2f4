"""The record of the clients' calls and responses, synced to disk before each continues: it survives the service."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Call = Literal["register", "login", "refresh", "reuse", "revoke", "password", "verify", "reset", "mailbox", "email"]
Entry = dict[str, Any]


class Ledger:
    """A file of JSON lines; each line is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        """Take the path of the new file."""
        self._file = path.open("x", encoding="utf-8")
        self._calls = 0

    def record_call(self, person: str, call: Call, session: int | None = None) -> int:
        """Record a call before it is made; return its number."""
        self._calls += 1
        self.write({"number": self._calls, "person": person, "call": call, "session": session})
        return self._calls

    def record_response(self, number: int, status: int, refresh: str | None = None, access: str | None = None) -> None:
        """Record the response to a call."""
        self.write({"number": number, "status": status, "refresh": refresh, "access": access})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def write(self, entry: Entry) -> None:
        """Append a line."""
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass
class Session:
    """One login as its client knows it. ``pending`` is the call without a response."""

    tokens: list[str]
    accesses: list[str]
    ended: Literal["logout", "reuse", "epoch"] | None = None
    """``epoch``: ended together with all other sessions of the account."""
    pending: Call | None = None


@dataclass
class Person:
    """One account as its owner knows it."""

    name: str
    is_registered: bool = False
    is_login_pending: bool = False
    is_password_pending: bool = False
    is_verified: bool = False
    is_verification_pending: bool = False
    has_reset: bool = False
    is_reset_pending: bool = False
    has_confirmed: bool = False
    is_confirmation_pending: bool = False
    """Whether the confirmation in the old mailbox, which is the first one, has no response yet."""
    has_new_email: bool = False
    is_email_pending: bool = False
    sessions: list[Session] = field(default_factory=list)

    @property
    def is_waiting(self) -> bool:
        """Whether a call on the account, not on a session, has no response."""
        return (
            not self.is_registered
            or self.is_login_pending
            or self.is_password_pending
            or self.is_verification_pending
            or self.is_reset_pending
            or self.is_confirmation_pending
            or self.is_email_pending
        )


def read(path: Path) -> list[Person]:
    """Return the state of each account. An incomplete last line, cut off by the kill, is ignored."""
    people: dict[str, Person] = {}
    told = {entry["number"]: entry for entry in entries(path) if "status" in entry}
    for meant in entries(path):
        if "call" in meant:
            person = people.setdefault(meant["person"], Person(meant["person"]))
            _note(person, meant, told.get(meant["number"]))
    return list(people.values())


def entries(path: Path) -> Iterator[Entry]:
    """Yield the complete lines."""
    text = path.read_text(encoding="utf-8")
    for line in text[: text.rfind("\n") + 1].splitlines():
        yield json.loads(line)


def _note(person: Person, meant: Entry, told: Entry | None) -> None:
    status = told["status"] if told else 0
    match meant["call"]:
        case "register":
            person.is_registered = status == 201  # noqa: PLR2004 - HTTP's Created
        case "login" if told and status == 200:  # noqa: PLR2004 - HTTP's OK
            person.sessions.append(Session([told["refresh"]], [told["access"]]))
        case "login":
            person.is_login_pending = True
        case "password" | "email":
            _note_change(person, meant["call"], told if status == 200 else None)  # noqa: PLR2004 - HTTP's OK
        case "verify" | "reset" | "mailbox":
            _note_link(person, meant["call"], is_told=status in {200, 204})
        case call:
            _note_use(person.sessions[meant["session"]], call, status, told or {})


def _note_change(person: Person, call: Call, told: Entry | None) -> None:
    """Record a change that ends all sessions and begins one. ``told`` is the response, if it reports success."""
    if call == "email":
        person.has_new_email, person.is_email_pending = told is not None, told is None
    else:
        person.is_password_pending = told is None
    if told:
        _end_all(person)
        person.sessions.append(Session([told["refresh"]], [told["access"]]))


def _note_link(person: Person, call: Call, *, is_told: bool) -> None:
    match call:
        case "verify":
            person.is_verified, person.is_verification_pending = is_told, not is_told
        case "mailbox":
            person.has_confirmed, person.is_confirmation_pending = is_told, not is_told
        case _:
            person.has_reset, person.is_reset_pending = is_told, not is_told
            if is_told:
                _end_all(person)


def _end_all(person: Person) -> None:
    for session in person.sessions:
        session.ended = session.ended or "epoch"


def _note_use(session: Session, call: Call, status: int, told: Entry) -> None:
    match call, status:
        case "refresh", 200:
            session.tokens.append(told["refresh"])
            session.accesses.append(told["access"])
        case "reuse", 401:
            session.ended = "reuse"
        case "revoke", 204:
            session.ended = "logout"
        case _:
            session.pending = call
