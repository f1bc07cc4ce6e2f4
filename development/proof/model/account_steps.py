"""The steps of users in their own account: change the password, end sessions, reauthenticate."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model import checks
from development.proof.model.journey import Journey
from development.proof.model.people import PASSWORD, Due, Person, Session, require
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.auth.models import EndReason

T = TypeVar("T")

LET_IN: str = "a call of the own account is let in exactly while its session lives"
some = st.integers(0, 59)
"""Selects the person or session of a step: the value modulo their number."""


class AccountSteps(Journey):
    """Each step uses the newest access token of a session, optionally while another session is refreshed."""

    @rule(which=some, other=some, is_beside=st.booleans())
    def changes_the_password(self, which: int, other: int, is_beside: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Change the password: all sessions end, and a new one begins."""
        session, another = self._session(which), self._session(other)
        person, is_due = session.person, self._is_let_in(session)
        new = f"{PASSWORD} {uuid4().hex}"
        change = self.world.own.change_password(session.accesses[-1].text, person.password, new)
        pair = self._beside(another if is_beside else None, change)
        require(LET_IN, holds=(pair is not None) == is_due)
        if pair is None:
            return
        person.password, person.has_old_hash = new, False
        person.epoch += 1
        person.lose_links()
        self.touched.append(self.model.begin(person, pair.refresh_token, pair.access_token, self.now))
        self.touched += self.model.sessions_of(person)[-3:]

    @rule(which=some, other=some, is_beside=st.booleans())
    def changes_the_email_address(self, which: int, other: int, is_beside: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Change the address to another spelling: all sessions end, a new one begins, and the address is verified."""
        session, another = self._session(which), self._session(other)
        person, is_due = session.person, self._is_let_in(session)
        change = self.world.own.change_email(session.accesses[-1].text, f"{person.username.upper()}@example.com")
        pair = self._beside(another if is_beside else None, change)
        require(LET_IN, holds=(pair is not None) == is_due)
        if pair is None:
            return
        person.epoch += 1
        person.is_verified = True
        person.lose_links()
        begun = self.model.begin(person, pair.refresh_token, pair.access_token, self.now)
        begun.acr = session.acr
        self.touched.append(begun)
        self.touched += self.model.sessions_of(person)[-3:]

    @rule(which=some, other=some, is_beside=st.booleans())
    def reauthenticates(self, which: int, other: int, is_beside: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Reauthenticate: the session continues, and its earlier tokens stop working."""
        session, another = self._session(which), self._session(other)
        person, is_due = session.person, self._is_let_in(session)
        proof = self.world.own.reauthenticate(session.accesses[-1].text, person.password)
        pair = self._beside(another if is_beside else None, proof)
        require(LET_IN, holds=(pair is not None) == is_due)
        if pair is None:
            return
        person.has_old_hash = False
        self.touched += [session, self.model.renew(session, pair.refresh_token, pair.access_token, self.now)]

    @rule(which=some, is_changed=st.booleans())
    def shows_a_wrong_password(self, which: int, is_changed: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Reauthenticate or change the password with a wrong password, which must have no effect."""
        session = self._session(which)
        access, wrong = session.accesses[-1].text, f"{session.person.password}!"
        call = (
            self.world.own.change_password(access, wrong, f"{PASSWORD} of a thief")
            if is_changed
            else self.world.own.reauthenticate(access, wrong)
        )
        require("a wrong password proves nothing", holds=self.world.run(call) is None)

    @rule(which=some, other=some, ends=st.sampled_from(["others", "all"]), is_beside=st.booleans())
    def ends_many_sessions(self, which: int, other: int, ends: str, is_beside: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """End all sessions of the person, or all except the caller's."""
        session, another = self._session(which), self._session(other)
        person, is_due = session.person, self._is_let_in(session)
        has_ended = self._beside(
            another if is_beside else None, self.world.own.end_sessions(session.accesses[-1].text, ends)
        )
        require(LET_IN, holds=has_ended == is_due)
        if not has_ended:
            return
        person.epoch += 1
        if ends == "others":
            session.epoch = person.epoch
        self.touched += self.model.sessions_of(person)[-3:]

    @rule(which=some, other=some, is_foreign=st.booleans())
    def ends_one_session(self, which: int, other: int, is_foreign: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """End one session, which works only for a live session of the same person."""
        session, another = self._session(which), self._session(other)
        foreign = [each for each in self._live() if each.person is not session.person]
        if is_foreign and foreign:
            another = foreign[other % len(foreign)]
            self.touched.append(another)
        is_due = self._is_let_in(session)
        is_due = is_due and another.person is session.person and self.model.is_live(another, self.now)
        end = self.world.own.end_session(session.accesses[-1].text, checks.session_id(another))
        require("only the own live sessions can be ended", holds=self.world.run(end) == is_due)
        if is_due:
            another.end(EndReason.OWNER, self.now)

    @rule(which=some, other=some, is_beside=st.booleans(), days=st.sampled_from([0, 0, 1, 13, 14]))
    def leaves_and_comes_back(self, which: int, other: int, is_beside: bool, days: int) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Delete the account, which is inactive at once.

        The password restores it, without sessions, in the grace period.
        """
        session, another = self._session(which), self._session(other)
        person, is_due = session.person, self._is_let_in(session)
        has_left = self._beside(another if is_beside else None, self.world.own.leave(session.accesses[-1].text))
        require(LET_IN, holds=has_left == is_due)
        if not has_left:
            return
        self.model.deactivate(person)
        self.touched += self.model.sessions_of(person)[-3:]
        self._wait_until(self.now + timedelta(days=days))
        is_back = self.world.run(self.world.own.restore(person.username, person.password))
        require("the password restores an account until it is deleted", holds=is_back == (timedelta(days=days) < GRACE))
        person.is_active = is_back

    @rule(which=some, age=st.integers(0, 2), shows_secret=st.booleans())
    def is_shown_by_another_client(self, which: int, age: int, shows_secret: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Use a token as another client, which gets nothing; only a client that authenticates ends the session."""
        session = self._session(which)
        token = session.tokens[max(0, session.generation - age)]
        pair = self.world.run(self.world.refresh_as_another_client(token.text, shows_secret=shows_secret))
        require("a refresh token is of no use to another client", holds=pair is None)
        is_genuine = self.model.is_readable(token.key) and not session.has_ended
        if shows_secret and is_genuine and self.now < session.expires_at:
            self.model.steal(session, self.now)

    def _is_let_in(self, session: Session) -> bool:
        return self.model.admits(session, session.accesses[-1], self.now)

    def _acting_session(self, person: Person) -> Session | None:
        """Return a session that may act, logging in if no access token works; None if the person cannot log in."""
        acting = [each for each in self._own_live() if each.person is person and self._is_let_in(each)]
        if acting:
            return acting[-1]
        if not person.may_log_in:
            return None
        self._log_in(person, has_old_hash=False)
        return self.model.sessions[-1]

    def _beside(self, session: Session | None, call: Coroutine[Any, Any, T]) -> T:
        """Make a call, concurrently with a refresh of the session, if one is given."""
        return self.world.run(call) if session is None else self._refresh_beside(session, call)

    def _refresh_beside(self, session: Session, end: Coroutine[Any, Any, T]) -> T:
        """Use the current token concurrently with a call that may be first; return the call's result."""
        token = session.tokens[-1]
        due = self.model.due(session, session.generation, token, self.now)
        pair, said = self.world.run(self.world.refresh_beside(token.text, end))
        require("a refresh token gets what it is due", holds=pair is None or due is Due.NEXT)
        if pair is not None:
            self.model.rotate(session, pair.refresh_token, pair.access_token, self.now)
        return said
