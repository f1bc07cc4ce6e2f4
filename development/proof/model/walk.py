"""One random walk: the possible steps of people, thieves, operators and time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from development.proof.model import checks
from development.proof.model.account_steps import some
from development.proof.model.device_steps import DeviceSteps
from development.proof.model.forgeries import FORGERIES
from development.proof.model.people import (
    LEEWAY,
    MAXIMUM_PEOPLE,
    MAXIMUM_SESSIONS_PER_PERSON,
    PASSWORD,
    RETENTION,
    Due,
    Person,
    Session,
    require,
)
from development.proof.model.tally import Tally
from development.proof.model.world import World
from doorward.core.exceptions import DomainError
from doorward.domain.auth.exceptions import EmailTakenError, UsernameTakenError
from doorward.domain.auth.models import EndReason, TokenPair

STEPS_BETWEEN_RESTARTS: Final = 4
SECOND: Final = timedelta(seconds=1)
MOMENT: Final = timedelta(microseconds=1)
OFFSETS: Final = [timedelta(0), timedelta(0), -MOMENT, MOMENT, -SECOND, SECOND]
FULL_WIDTH: Final = 0xFEE0
"""The offset from an ASCII character to its full-width form, which makes the same name."""

LIMITS: Final[Mapping[str, Callable[[Session], datetime]]] = {
    "access token": lambda session: datetime.fromtimestamp(session.accesses[-1].until, UTC),
    "leeway": lambda session: session.refreshed_at + LEEWAY,
    "idle": lambda session: session.expires_at,
    "session": lambda session: session.ends_at,
    "retention": lambda session: session.dead_since() + RETENTION,
}

SWITCHES: Final = [
    "activated",
    "deactivated",
    "deactivated while logging in",
    "sessions ended",
    "by SQL",
    "by SQL while logging in",
]

callers = st.sampled_from([1, 1, 1, 2, 3, 5, 8])
"""The number of concurrent uses of one token."""


class Walk(DeviceSteps):
    """One walk: Hypothesis chooses among its steps."""

    def __init__(self) -> None:
        """Start with one person who has logged in."""
        super().__init__()
        self.registers()
        self.logs_in(0, has_old_hash=False)

    @precondition(lambda walk: len(walk.model.people) < MAXIMUM_PEOPLE)
    @rule()
    def registers(self) -> None:
        """Register an account."""
        self._register()

    @rule(who=some, is_wide=st.booleans(), is_email=st.booleans())
    def registers_a_taken_name(self, who: int, is_wide: bool, is_email: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Register with a taken name or address in another spelling."""
        name, fresh = self._person(who).username, f"walker-{uuid4().hex[:16]}"
        spelt = "".join(chr(ord(each) + FULL_WIDTH) for each in name) if is_wide else name.upper()
        address, username = (f"{spelt}@example.com", fresh) if is_email else (f"{fresh}@example.com", spelt)
        refusal: type[DomainError] | None = None
        try:
            self.world.run(self.world.registration.register(email=address, username=username, password=PASSWORD))
        except DomainError as error:
            refusal = type(error)
        require("a name is one person's", holds=refusal is (EmailTakenError if is_email else UsernameTakenError))

    @rule(who=some, has_old_hash=st.booleans())
    def logs_in(self, who: int, has_old_hash: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Log in, which replaces an imported hash; a deactivated user is refused."""
        # Do not use a precondition: the winner of a race must not influence Hypothesis's next choices.
        if self.has_room:
            self._log_in(self._person(who), has_old_hash=has_old_hash)

    @rule(who=some, is_used=st.booleans())
    def logs_in_beyond_the_most(self, who: int, is_used: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Begin one session more than the maximum: the least recently used one ends, which need not be the oldest."""
        person = self._person(who)
        for _ in range(MAXIMUM_SESSIONS_PER_PERSON):
            self._wait_until(self.now + SECOND)
            self._log_in(person, has_old_hash=False)
        if is_used and person.may_log_in:
            first = self.model.sessions[-MAXIMUM_SESSIONS_PER_PERSON]
            self._wait_until(self.now + SECOND)
            self._present(first, first.generation, 1)
        self._wait_until(self.now + SECOND)
        self._log_in(person, has_old_hash=False)

    @rule(who=some, is_known=st.booleans())
    def logs_in_badly(self, who: int, is_known: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Log in with a wrong password or an unknown name."""
        name, password = (
            (self._person(who).username, f"{self._person(who).password}!") if is_known else (uuid4().hex, PASSWORD)
        )
        require("a bad login gets nothing", holds=self.world.run(self.world.log_in(name, password)) is None)

    @rule(who=some)
    def is_guessed_by_strangers(self, who: int) -> None:
        """Use up the free attempts as strangers: then no login from a new device begins a session."""
        person = self._person(who)
        self.world.run(self.world.guess_as_strangers(person.id))
        require(
            "a throttled login gets nothing",
            holds=self.world.run(self.world.log_in(person.username, person.password)) is None,
        )
        self.world.run(self.world.administration.unthrottle(person.id))

    @rule(who=some, how=st.sampled_from(SWITCHES))
    def is_switched(self, who: int, how: str) -> None:
        """Activate or deactivate a user, or end all sessions; or deactivate by SQL, which ends no sessions."""
        person = self._person(who)
        if how == "activated":
            self._activate(person)
        elif how == "deactivated":
            self._note_deactivation(person, self.world.run(self.world.administration.deactivate(person.id)))
        elif how == "sessions ended":
            self._end_all(person)
        elif how == "deactivated while logging in":
            self._log_in_while_being_deactivated(person)
        elif how == "by SQL while logging in":
            self._log_in_while_being_switched_off(person)
        else:
            self._switch_off(person)

    def _log_in_while_being_deactivated(self, person: Person) -> None:
        """Log in concurrently with a deactivation: in either order, the new session ends at once."""

        async def meet() -> tuple[TokenPair | None, int]:
            login, deactivation = (
                self.world.log_in(person.username, person.password),
                self.world.administration.deactivate(person.id),
            )
            return await asyncio.gather(login, deactivation)

        pair, ended = self.world.run(meet())
        require("a login succeeds exactly for an active user", holds=pair is None or person.may_log_in)
        if pair is not None:
            self.model.begin(person, pair.refresh_token, pair.access_token, self.now)
            person.has_old_hash = False
        self._read_hash(person)
        self._note_deactivation(person, ended)

    def _log_in_while_being_switched_off(self, person: Person) -> None:
        """Deactivate the user by SQL between the login's first query and its row lock."""
        pair = self.world.run(self.world.switch_off_during_a_login(person.id, person.username, PASSWORD))
        self._read_hash(person)
        self._note_switch(person)
        require("a login succeeds exactly for an active user", holds=pair is None)

    @rule(which=some, callers=callers)
    def refreshes(self, which: int, callers: int) -> None:
        """Use the current token, optionally in concurrent calls."""
        session = self._session(which)
        self._present(session, session.generation, callers)

    @rule(which=some, age=st.integers(1, 4), callers=st.integers(1, 2))
    def uses_a_replaced_token(self, which: int, age: int, callers: int) -> None:
        """Reuse the predecessor or an older ancestor."""
        session = self._session(which)
        while session.generation < age:
            if self._present(session, session.generation, 1) is not Due.NEXT:
                return
        self._present(session, session.generation - age, callers)

    @rule(which=some, other=some, kind=st.sampled_from(sorted(FORGERIES)), cut=st.integers(1, 40))
    def presents_no_token(self, which: int, other: int, kind: str, cut: int) -> None:
        """Forge a token without having one; use it to refresh, then to log out."""
        session, another = self._session(which), self._session(other)
        if kind == "another's secret" and session.generation == 0:
            self._present(session, 0, 1)
        text = FORGERIES[kind](session, another, self.world.keys, cut)
        require("what is no token gets nothing", holds=self.world.run(self.world.refresh(text)) is None, detail=kind)
        # A token with the right secret belongs to the session, and may end it.
        if kind != "future":
            self.world.run(self.world.revoke(text))

    @rule(which=some, age=st.integers(0, 2))
    def logs_out(self, which: int, age: int) -> None:
        """End a session with any of its refresh tokens."""
        session = self._session(which)
        token = session.tokens[max(0, session.generation - age)]
        self.world.run(self.world.revoke(token.text))
        self._note_logout(session, token)

    @rule(which=some, age=st.integers(0, 2))
    def logs_out_by_an_access_token(self, which: int, age: int) -> None:
        """End a session with any of its access tokens."""
        session = self._session(which)
        access = session.accesses[max(0, len(session.accesses) - 1 - age)]
        self.world.run(self.world.revoke_by_access_token(access.text))
        if self.model.is_good(access, self.now) and self.now < session.expires_at:
            session.end(EndReason.LOGOUT, self.now)

    @rule(which=some, is_deactivated=st.booleans())
    def refreshes_while_it_ends(self, which: int, is_deactivated: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Refresh concurrently with a logout or a deactivation."""
        session = self._session(which)
        person, token = session.person, session.tokens[-1]
        if is_deactivated:
            self._note_deactivation(
                person, self._refresh_beside(session, self.world.administration.deactivate(person.id))
            )
        else:
            self._refresh_beside(session, self.world.revoke(token.text))
            self._note_logout(session, token)

    @rule(which=some, limit=st.sampled_from(sorted(LIMITS)), offset=st.sampled_from(OFFSETS))
    def time_comes_to_a_limit(self, which: int, limit: str, offset: timedelta) -> None:
        """Wait until a limit of a session, or a moment beside it."""
        session = self._session(which)
        self._wait_until(LIMITS[limit](session) + offset)
        self.touched.append(session)

    @rule(step=st.sampled_from([SECOND, LEEWAY, timedelta(minutes=20)]))
    def time_passes(self, step: timedelta) -> None:
        """Wait for some time."""
        self._wait_until(self.now + step)

    @rule(which=some, offset=st.sampled_from(OFFSETS), is_retried=st.booleans())
    def retries_late(self, which: int, offset: timedelta, is_retried: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Repeat a refresh whose response was lost, at the end of the leeway, and optionally before."""
        session = self._session(which)
        self._present(session, session.generation, 1)
        replaced = max(0, session.generation - 1)
        if is_retried:
            self._wait_until(session.refreshed_at + LEEWAY / 2)
            self._present(session, replaced, 1)
        self._wait_until(session.refreshed_at + LEEWAY + offset)
        self._present(session, replaced, 1)

    @rule(which=some, weeks=st.integers(1, 14))
    def stays_for_weeks(self, which: int, weeks: int) -> None:
        """Refresh once a week, one second before the idle limit."""
        session = self._session(which)
        for _ in range(weeks):
            self._wait_until(self.now + timedelta(days=7) - SECOND)
            if self._present(session, session.generation, 1) is not Due.NEXT:
                return

    @precondition(lambda walk: walk.steps_taken % STEPS_BETWEEN_RESTARTS == 0)
    @rule(key=st.sampled_from(["the same", "changed", "the same", "finished"]))
    def restarts(self, key: str) -> None:
        """Restart the service, optionally with another SECRET_KEY, or without the previous one."""
        keys = self.world.keys
        if key == "changed":
            keys = keys.changed()
            self.model.key, self.model.previous_key = self.model.key + 1, self.model.key
        if key == "finished":
            keys, self.model.previous_key = keys.finished(), None
        self.world.run(self.world.restart(keys))
        self.touched += self._live()[-1:]

    @rule(which=some, offset=st.sampled_from(OFFSETS), waits=st.booleans())
    def prunes(self, which: int, offset: timedelta, waits: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Run housekeeping, optionally at the end of a session's retention."""
        if waits:
            self._wait_until(LIMITS["retention"](self._session(which)) + offset)
        concerned = [*self._live(), *self.model.prunable(self.now)]
        before = self.world.run(checks.answers(self.world, concerned))
        self.world.run(self.world.prune())
        self.model.prune(self.now)
        after = self.world.run(checks.answers(self.world, concerned))
        require("pruning changes no answer", holds=before == after)


def bound(world: World, leeway: timedelta, reuse_events: list[str]) -> type[Walk]:
    """Return the class of walks through this world."""
    return type(
        "BoundWalk",
        (Walk,),
        {"world": world, "leeway": leeway, "reuse_events": reuse_events, "tally": Tally(), "violations": []},
    )
