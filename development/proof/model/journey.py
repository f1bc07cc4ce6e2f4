"""The base of all steps: choosing persons and sessions, using tokens, and checking the invariants."""

import sys
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import uuid4

import bcrypt
from hypothesis.stateful import RuleBasedStateMachine, invariant

from development.proof.model import checks
from development.proof.model.expectation import Model
from development.proof.model.people import PASSWORD, Due, Person, Session, ViolationError, require
from development.proof.model.rights import OWN_ROLE
from development.proof.model.stepped_clock import START
from development.proof.model.tally import Tally
from development.proof.model.tokens import RefreshText
from development.proof.model.world import World
from doorward.domain.auth.models import EndReason

STORED_FACTORS: Final = """
    SELECT
        second_factor,
        (SELECT last_step FROM totp_factors WHERE user_id = users.id),
        (SELECT count(*) FROM recovery_codes WHERE user_id = users.id),
        ARRAY(SELECT sign_count FROM passkeys WHERE user_id = users.id ORDER BY sign_count),
        (SELECT count(*) FROM passkeys WHERE user_id = users.id AND suspended_at IS NOT NULL)
    FROM users
    WHERE id = %s
"""
MAXIMUM_LIVE_SESSIONS: Final = 3
"""Maximum number of live sessions: each of them is tried after each step."""


class Journey(RuleBasedStateMachine):
    """A walk without its steps. A subclass binds it to a world: Hypothesis creates instances without arguments."""

    world: ClassVar[World]
    leeway: ClassVar[timedelta]
    reuse_events: ClassVar[list[str]]
    tally: ClassVar[Tally]
    violations: ClassVar[list[ViolationError]]

    def __init__(self) -> None:
        """Start without persons."""
        super().__init__()
        self.steps_taken = -1
        self.model = Model(leeway=self.leeway)
        self.world.clock.present = START
        self.touched: list[Session] = []
        self.reuse_events.clear()

        self.world.run(self.world.administration.define(OWN_ROLE, ()))

    @property
    def has_room(self) -> bool:
        """Return whether another session keeps the walk fast enough."""
        return len(self._own_live()) < MAXIMUM_LIVE_SESSIONS

    @property
    def now(self) -> datetime:
        """The current moment of the walk."""
        return self.world.clock.now()

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        """Check the invariants after each step."""
        self.steps_taken += 1
        in_turn = self.model.sessions[self.steps_taken % len(self.model.sessions)]
        self._check(self.touched, [*self.touched, in_turn, *self._live()])
        self.touched.clear()

    def teardown(self) -> None:
        """Check everything once more; then delete this walk's users, since the next walk creates its own."""
        error = sys.exc_info()[1]
        violation = error if isinstance(error, ViolationError) else None
        try:
            # The model does not include a step that ended in an error.
            if error is None:
                self._check(self.model.sessions, self.model.sessions)
        except ViolationError as error_at_the_end:
            violation = error_at_the_end
            raise
        finally:
            self.tally.add(self.steps_taken, is_violated=violation is not None)
            self.violations.extend([] if violation is None else [violation])
            people = [person.id for person in self.model.people]
            self.world.run(self.world.sql("DELETE FROM users WHERE id = ANY(%s)", people))

    def _check(self, by_refresh: list[Session], by_access: list[Session]) -> None:
        """Compare the stored state with the model, and try the tokens of these sessions."""
        by_refresh, by_access = list(dict.fromkeys(by_refresh)), list(dict.fromkeys(by_access))
        self.world.run(checks.check(self.world, self.model, by_refresh, by_access))
        checks.check_events(self.model, len(self.reuse_events))

    def _person(self, who: int) -> Person:
        return self.model.people[who % len(self.model.people)]

    def _session(self, which: int) -> Session:
        """Return the session of a step, not an application's: usually a live one, or else a new one."""
        live = self._own_live()
        if not live:
            person = self._person(which)
            self._let_in(person)
            self._log_in(person, has_old_hash=False)
            live = self.model.sessions[-1:]
        own = [session for session in self.model.sessions if not session.is_of_application]
        among, number = (own, which // 4) if which % 4 == 0 else (live, which)
        session = among[number % len(among)]
        self.touched.append(session)
        return session

    def _live(self) -> list[Session]:
        return [session for session in self.model.sessions if self.model.is_live(session, self.now)]

    def _own_live(self) -> list[Session]:
        return [session for session in self._live() if not session.is_of_application]

    def _register(self) -> None:
        name = f"walker-{uuid4().hex[:16]}"
        user = self.world.run(
            self.world.registration.register(email=f"{name}@example.com", username=name, password=PASSWORD)
        )
        self.model.people.append(Person(str(user.id), name))

    def _let_in(self, person: Person) -> None:
        """Undo everything that keeps a person from logging in, by an operator and a mail."""
        if not person.is_active:
            self._activate(person)
        if person.factors.exist:
            self._reset_factors(person)
        if person.must_change_password:
            new, text = f"{PASSWORD} {uuid4().hex}", self.world.run(self.world.mailbox.reset(person.email))
            require("a link is mailed to an active user", holds=text is not None)
            is_reset = self.world.run(self.world.own.reset_at_once(text or "", [new]))
            require("a link sets a password", holds=is_reset == [True])
            self.model.reset(person, new)

    def _activate(self, person: Person) -> None:
        self.world.run(self.world.administration.activate(person.id))
        person.is_active = True
        self.touched += self.model.sessions_of(person)[-2:]

    def _note_deactivation(self, person: Person, ended: int) -> None:
        due = self.model.deactivate(person)
        require("a deactivation ends all that its user has", holds=ended == due, detail=f"{ended} of {due}")
        self.touched += self.model.sessions_of(person)[-2:]

    def _end_all(self, person: Person) -> None:
        ended, due = self.world.run(self.world.administration.end_sessions(person.id)), self.model.end_all(person)
        require("an administrator ends all sessions of a user", holds=ended == due, detail=f"{ended} of {due}")
        self.touched += self.model.sessions_of(person)[-2:]

    def _switch_off(self, person: Person) -> None:
        self.world.run(self.world.switch_off(person.id))
        self._note_switch(person)

    def _note_switch(self, person: Person) -> None:
        person.is_active = False
        self.touched += self.model.sessions_of(person)[-2:]

    def _wait_until(self, moment: datetime) -> None:
        self.world.clock.present = max(self.now, moment)

    def _note_logout(self, session: Session, token: RefreshText) -> None:
        if self.model.is_readable(token.key) and self.now < session.expires_at:
            session.end(EndReason.LOGOUT, self.now)

    def _present(self, session: Session, generation: int, callers: int) -> Due:
        """Use a token, optionally in concurrent calls; compare the results, and update the model of the session."""
        token, now = session.tokens[generation], self.now
        due = self.model.due(session, generation, token, now)
        if session.is_of_application:
            provider = self.world.run(self.world.provider())
            pairs = self.world.run(provider.refresh_at_once(token.text, callers))
        else:
            pairs = self.world.run(self.world.refresh_at_once(token.text, callers))
        checks.check_answer(self.model, session, generation, pairs[0] if pairs else None, self.world)
        is_shared = due is Due.SAME or bool(self.leeway)
        require("one use, one successor", holds=len(pairs) in {0, callers if is_shared else 1}, detail=len(pairs))
        require("one use, one successor", holds=len({pair.refresh_token for pair in pairs}) <= 1)
        if due is Due.NEXT:
            self.model.rotate(session, pairs[0].refresh_token, pairs[0].access_token, now)
        elif due is Due.SAME:
            session.tokens[-1] = RefreshText(pairs[0].refresh_token, self.model.key)
            session.accesses.append(self.model.access_given(session, pairs[0].access_token, now))
        if due is Due.THEFT or (due is Due.NEXT and callers > 1 and not self.leeway):
            self.model.steal(session, now)
        return due

    def _log_in(self, person: Person, *, has_old_hash: bool) -> None:
        if has_old_hash:
            old = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
            self.world.run(self.world.sql("UPDATE users SET password_hash = %s WHERE id = %s", old, person.id))
            person.has_old_hash = True
        pair = self.world.run(self.world.log_in(person.username, person.password))
        require("a login succeeds exactly for an active user", holds=(pair is not None) == person.may_log_in)
        if pair is not None:
            self.touched.append(self.model.begin(person, pair.refresh_token, pair.access_token, self.now))
        if pair is not None or person.is_asked:
            person.has_old_hash = False
        ((stored,),) = self.world.run(self.world.sql("SELECT password_hash FROM users WHERE id = %s", person.id))
        require(
            "a login replaces an old hash", holds=stored.startswith("$2b$") == person.has_old_hash, detail=stored[:4]
        )

    def _read_hash(self, person: Person) -> None:
        """Read whether a race left the old hash of a person who needs a second factor: both outcomes are permitted."""
        if person.factors.exist:
            statement = "SELECT starts_with(password_hash, '$2b$') FROM users WHERE id = %s"
            ((person.has_old_hash,),) = self.world.run(self.world.sql(statement, person.id))

    def _reset_factors(self, person: Person) -> None:
        """Reset all second factors as an administrator, which ends all sessions if there are any."""
        self.world.run(self.world.administration.reset_factors(person.id))
        if person.factors.exist:
            self.model.end_all(person)
        person.factors.lose_all()
        self.touched += self.model.sessions_of(person)[-2:]

    def _forget_attempts(self) -> None:
        """Delete failed attempts: login throttling is not what these steps test."""
        self.world.run(self.world.sql("DELETE FROM login_throttles"))

    def _compare_factors(self, person: Person) -> None:
        rows = self.world.run(self.world.sql(STORED_FACTORS, person.id))
        factors = person.factors
        suspended = sum(each.is_suspended for each in factors.passkeys)
        counters = sorted(each.counter for each in factors.passkeys)
        step = factors.used_step if factors.secret else None
        due = [(factors.kinds, step, len(factors.codes), counters, suspended)]
        require("second factors are stored as they were changed and used", holds=rows == due, detail=(rows, due))
