"""The users' steps with second factors during kills, their effect on the stored state, and the ledger of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from development.proof.kills.ledger import entries
from development.proof.second_factors import FactorCall

Step = Literal[
    "application",
    "code login",
    "proof by a recovery code",
    "new codes",
    "recovery code login",
    "passkey",
    "passkey login",
    "passkey after the password",
    "passkey removed",
    "application removed",
    "reset",
]
"""In order; the reset is made by an administrator, in place of both removals."""

STEPS: Final[tuple[Step, ...]] = get_args(Step)
REMOVALS: Final[frozenset[Step]] = frozenset({"passkey removed", "application removed"})
REPEATABLE: Final[frozenset[Step]] = frozenset({"new codes", "reset"})
"""Steps that may be repeated. The calls of all others contain a single-use value."""

USING_A_CODE: Final[frozenset[Step]] = frozenset({"proof by a recovery code", "recovery code login"})
CODES: Final = 10
NOT_TOLD: Final[frozenset[Step]] = frozenset({"code login", "passkey login", "passkey after the password"})


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored state of a user. ``used_step`` is the application's last time step, ``counters`` those of passkeys."""

    kinds: tuple[str, ...] = ()
    epoch: int = 0
    used_step: int | None = None
    codes: int = 0
    counters: tuple[int, ...] = ()
    sessions: int = 1
    live: int = 1
    events: tuple[str, ...] = ("user.registered", "session.begun")


def after(facts: Facts, step: Step, number: int) -> Facts:
    """Return the facts after a step. ``number`` is the time step of its code, or the counter of its signature."""
    changed, events = _EFFECTS[step](facts, number)
    return replace(changed, events=(*facts.events, *events))


def _begun(facts: Facts, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    return replace(facts, sessions=facts.sessions + 1, live=facts.live + 1, **changes)


def _continued(facts: Facts, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    """Return the facts after a change of factors: all sessions have ended except one."""
    return replace(facts, epoch=facts.epoch + 1, sessions=facts.sessions + 1, live=1, **changes)


_EFFECTS: Final[dict[Step, Callable[[Facts, int], tuple[Facts, tuple[str, ...]]]]] = {
    "application": lambda facts, number: (
        _continued(facts, kinds=("totp",), used_step=number, codes=CODES),
        ("factor.totp_added", "factor.codes_made", "session.begun"),
    ),
    "code login": lambda facts, number: (_begun(facts, used_step=number), ("session.begun",)),
    "proof by a recovery code": lambda facts, _: (
        replace(facts, codes=facts.codes - 1),
        ("factor.code_used", "session.reauthenticated"),
    ),
    "new codes": lambda facts, _: (replace(facts, codes=CODES), ("factor.codes_made",)),
    "recovery code login": lambda facts, _: (
        _begun(facts, codes=facts.codes - 1),
        ("factor.code_used", "session.begun"),
    ),
    "passkey": lambda facts, number: (
        _continued(facts, kinds=("passkey", "totp"), counters=(number,)),
        ("factor.passkey_added", "session.begun"),
    ),
    "passkey login": lambda facts, number: (_begun(facts, counters=(number,)), ("session.begun",)),
    "passkey after the password": lambda facts, number: (_begun(facts, counters=(number,)), ("session.begun",)),
    "passkey removed": lambda facts, _: (
        _continued(facts, kinds=("totp",), counters=()),
        ("factor.passkey_removed", "session.begun"),
    ),
    "application removed": lambda facts, _: (
        _continued(facts, kinds=(), used_step=None, codes=0),
        ("factor.totp_removed", "session.begun"),
    ),
    "reset": lambda facts, _: (
        replace(facts, kinds=(), used_step=None, codes=0, counters=(), epoch=facts.epoch + 1, live=0),
        ("factor.reset",),
    ),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken, and the values that it sent."""

    step: Step
    number: int
    call: FactorCall


@dataclass
class Protected:
    """One account as its owner knows it."""

    name: str
    user_id: str
    accesses: list[tuple[str, int]]
    """The access tokens of sessions that no later proof replaced, and their epochs."""

    facts: Facts = Facts()
    taken: list[Taken] = field(default_factory=list)
    pending: Taken | None = None
    """The step without a response."""

    secret: str = ""
    codes: list[str] = field(default_factory=list)
    """The recovery codes that were shown last; used ones come first."""
    used_codes: list[str] = field(default_factory=list)
    credential: dict[str, Any] | None = None
    """The passkey in a form from which it can be restored."""

    def possible(self) -> dict[Facts, list[Taken]]:
        """Return the possible stored states, and the steps that lead to each."""
        steps = {self.facts: self.taken}
        if self.pending is not None:
            steps[after(self.facts, self.pending.step, self.pending.number)] = [*self.taken, self.pending]
        return steps


def judge(person: Protected, stored: Facts | None) -> Iterator[str]:
    """Compare the stored state with the responses to the user."""
    if stored not in person.possible():
        unanswered = None if person.pending is None else person.pending.step
        yield f"stored: {stored}; told: {person.facts}; not answered: {unanswered}"


def notice_of(step: Step) -> str | None:
    """Return the kind of the mail that reports a step, if there is one."""
    return None if step in NOT_TOLD else "factors_changed"


def read(path: Path) -> list[Protected]:
    """Return the ledger's state of each user whose account was ready."""
    people: dict[str, Protected] = {}
    for entry in entries(path):
        if "user_id" in entry:
            people[entry["person"]] = Protected(entry["person"], entry["user_id"], [(entry["access"], 0)])
            continue
        person = people[entry["person"]]
        if "step" in entry:
            person.pending = Taken(entry["step"], entry["number"], FactorCall(**entry["call"]))
            person.secret = entry["secret"]
            person.credential = entry["credential"]
        else:
            note_answer(person, entry["access"], entry["codes"])
    return list(people.values())


def note_answer(person: Protected, access: str | None, codes: list[str]) -> None:
    """Record the response to the pending step, with its access token and recovery codes, if any."""
    taken = person.pending
    if taken is None:
        raise RuntimeError("an answer to nothing")
    person.facts, person.pending = after(person.facts, taken.step, taken.number), None
    person.taken.append(taken)
    if taken.step in USING_A_CODE:
        person.used_codes.append(person.codes.pop(0))
    if taken.step == "proof by a recovery code":
        person.accesses.pop()
    if codes:
        person.used_codes += person.codes
        person.codes = codes
    if access is not None:
        person.accesses.append((access, person.facts.epoch))
