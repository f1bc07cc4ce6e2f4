"""The users' steps in browsers, applications and devices during kills, and their effect on the stored state."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import httpx

from development.pages import is_leading_on
from development.proof.sign_ins import SCOPE, Application, PreparedRequest, code_of

Step = Literal[
    "sign in",
    "agree",
    "get a code",
    "exchange",
    "refresh",
    "replay",
    "push",
    "open the pushed",
    "agree to the pushed",
    "show a code",
    "approve",
    "deny",
    "poll",
    "redeem",
    "take consent back",
    "sign out",
    "sign out everywhere",
    "register",
    "change",
    "remove",
]

JOURNEY: Final[tuple[Step, ...]] = (
    *("register", "sign in", "agree", "exchange", "refresh", "get a code", "exchange", "replay"),
    *("push", "open the pushed", "agree to the pushed", "exchange"),
    *("show a code", "poll", "approve", "redeem", "show a code", "deny", "poll"),
    *("change", "take consent back", "agree", "exchange", "sign out"),
    *("sign in", "get a code", "exchange", "sign out everywhere", "remove"),
)
"""The steps of each user, in order."""

STATUS: Final[Mapping[Step, int]] = {
    "get a code": 302,
    "replay": 400,
    "push": 201,
    "open the pushed": 303,
    "poll": 400,
    "take consent back": 303,
    "register": 201,
    "remove": 204,
}
"""The status of each successful step, if it is not 200."""

ONCE: Final[frozenset[Step]] = frozenset(
    {"exchange", "refresh", "agree to the pushed", "approve", "deny", "redeem", "register", "remove"}
)
"""Steps that work once: the same request is refused afterwards."""

_LEADING_TO_A_CODE: Final[frozenset[Step]] = frozenset({"agree", "get a code", "agree to the pushed"})


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored state of a user: browsers, codes, sessions and devices of one application, and a tool's client.

    ``online`` and ``offline`` count live sessions, ``logouts`` the messages to the server of the application, ``uses``
    the remaining uses of the registration token. ``tool`` is the version of the tool's client, or 0 if there is none.
    """

    browsers: int = 0
    codes: int = 0
    scopes: tuple[str, ...] = ()
    sessions: int = 0
    online: int = 0
    offline: int = 0
    rotations: int = 0
    pushed: int = 0
    opened: int = 0
    devices: tuple[str, ...] = ()
    logouts: int = 0
    uses: int = 1
    tool: int = 0
    events: tuple[str, ...] = ("user.registered",)
    events_of_tool: tuple[str, ...] = ()


def after(facts: Facts, step: Step) -> Facts:
    """Return the facts after a step."""
    return _EFFECTS[step](facts)


def _added(facts: Facts, *events: str, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    return replace(facts, events=(*facts.events, *events), **changes)


def _agree(facts: Facts, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    is_new = not facts.scopes
    granted = tuple(sorted(SCOPE.split()))
    return _added(facts, *(["consent.granted"] if is_new else []), codes=facts.codes + 1, scopes=granted, **changes)


def _begun(facts: Facts, **changes: Any) -> Facts:  # noqa: ANN401 - of any member
    return _added(facts, "session.begun", sessions=facts.sessions + 1, **changes)


def _decided(facts: Facts, status: str) -> Facts:
    devices = list(facts.devices)
    devices.remove("pending")
    return replace(facts, devices=tuple(sorted([*devices, status])))


def _redeem(facts: Facts) -> Facts:
    devices = list(facts.devices)
    devices.remove("approved")
    return _begun(facts, devices=tuple(devices), offline=facts.offline + 1)


def _take_back(facts: Facts) -> Facts:
    ended = facts.online + facts.offline
    events = [*["session.ended"] * ended, "consent.revoked"]
    undecided = tuple(each for each in facts.devices if each == "pending")
    return _added(
        facts, *events, scopes=(), codes=0, online=0, offline=0, devices=undecided, logouts=facts.logouts + ended
    )


def _sign_out(facts: Facts) -> Facts:
    events = ["session.ended"] * (1 + facts.online)
    changes = {"browsers": facts.browsers - 1, "online": 0, "logouts": facts.logouts + facts.online}
    return _added(facts, *events, codes=0, **changes)


def _sign_out_everywhere(facts: Facts) -> Facts:
    told = int(facts.online + facts.offline > 0)
    return _added(facts, "session.all_ended", browsers=0, online=0, offline=0, logouts=facts.logouts + told)


def _of_tool(facts: Facts, event: str, version: int) -> Facts:
    return replace(facts, tool=version, events_of_tool=(*facts.events_of_tool, event))


_EFFECTS: Final[Mapping[Step, Callable[[Facts], Facts]]] = {
    "sign in": lambda facts: _added(facts, "session.begun", browsers=facts.browsers + 1),
    "agree": _agree,
    "get a code": lambda facts: replace(facts, codes=facts.codes + 1),
    "exchange": lambda facts: _begun(facts, codes=facts.codes - 1, online=facts.online + 1),
    "refresh": lambda facts: replace(facts, rotations=facts.rotations + 1),
    "replay": lambda facts: _added(facts, "session.ended", online=facts.online - 1, logouts=facts.logouts + 1),
    "push": lambda facts: replace(facts, pushed=facts.pushed + 1),
    "open the pushed": lambda facts: replace(facts, opened=facts.opened + 1),
    "agree to the pushed": lambda facts: _agree(facts, pushed=facts.pushed - 1, opened=facts.opened - 1),
    "show a code": lambda facts: replace(facts, devices=tuple(sorted([*facts.devices, "pending"]))),
    "approve": lambda facts: _decided(facts, "approved"),
    "deny": lambda facts: _decided(facts, "denied"),
    "poll": lambda facts: facts,
    "redeem": _redeem,
    "take consent back": _take_back,
    "sign out": _sign_out,
    "sign out everywhere": _sign_out_everywhere,
    "register": lambda facts: replace(_of_tool(facts, "client.created", 1), uses=facts.uses - 1),
    "change": lambda facts: _of_tool(facts, "client.changed", 2),
    "remove": lambda facts: _of_tool(facts, "client.removed", 0),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken, and its request."""

    step: Step
    sent: PreparedRequest


@dataclass
class Tokens:
    """The tokens that the application received for one session."""

    access: str
    refresh: str
    is_online: bool
    old: list[str] = field(default_factory=list)
    """Refresh tokens that were used."""
    is_live: bool = True


@dataclass
class SignedIn:
    """One user, as known to the user's browser, application and device."""

    name: str
    user_id: str
    application: Application
    facts: Facts = Facts()
    taken: list[Taken] = field(default_factory=list)
    pending: Taken | None = None
    """The step without a response."""
    cookies: list[str] = field(default_factory=list)
    """The browser's session cookies in the order in which they were set."""
    is_signed_in: bool = False
    """Whether the last of the cookies is signed in."""
    sessions: list[Tokens] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    tool_id: str | None = None

    def possible(self) -> list[Facts]:
        """Return the possible stored states: without or with the effect of the step without a response."""
        return [self.facts, *([] if self.pending is None else [after(self.facts, self.pending.step)])]

    def note(self, step: Step) -> None:
        """Record what a completed step ends, with or without a response."""
        match step:
            case "replay":
                self.sessions[-1].is_live = False
            case "take consent back":
                self._end(lambda _: True)
            case "sign out":
                self._end(lambda session: session.is_online)
                self.is_signed_in = False
            case "sign out everywhere":
                self._end(lambda _: True)
                self.is_signed_in = False
            case _:
                pass

    def _end(self, is_ended: Callable[[Tokens], bool]) -> None:
        for session in self.sessions:
            session.is_live = session.is_live and not is_ended(session)


def is_done(step: Step, answer: httpx.Response) -> bool:
    """Return whether a response says that a step was completed."""
    if answer.status_code != STATUS.get(step, 200):
        return False
    if step in {"approve", "deny"}:
        # A browser that is no longer signed in is redirected to the sign-in page.
        return not is_leading_on(answer)
    try:
        return step not in _LEADING_TO_A_CODE or bool(code_of(answer))
    except (KeyError, ValueError):
        return False


def judge(person: SignedIn, stored: Facts | None) -> Iterator[str]:
    """Compare the stored state with the responses."""
    if stored not in person.possible():
        unanswered = None if person.pending is None else person.pending.step
        yield f"{person.name}: stored: {stored}; told: {person.facts}; not answered: {unanswered}"
