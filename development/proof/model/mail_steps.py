"""The steps with mailed links: setting a password, and verifying an address."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import LET_IN, AccountSteps, some
from development.proof.model.people import MAXIMUM_PEOPLE, PASSWORD, Person, Session, require
from development.proof.model.tokens import MailedToken
from doorward.domain.accounts.deletion import GRACE

RESET_LIFE: Final = timedelta(minutes=30)
VERIFICATION_LIFE: Final = timedelta(hours=24)
MOMENT: Final = timedelta(microseconds=1)
OFFSETS: Final = [-MOMENT, timedelta(0), MOMENT]
ages = st.sampled_from([0, 0, 0, 0, 1, 1, 2])
"""The age of the mail: the newest, the one before it, or an older one."""


class MailSteps(AccountSteps):
    """Each step uses a link, optionally in concurrent calls, or after it was used, replaced or expired."""

    @rule(who=some)
    def asks_for_a_reset(self, who: int) -> None:
        """Request a reset for a known address. The link of the previous mail still works."""
        self._mail_reset(self._person(who))

    @rule(who=some, age=ages, callers=st.sampled_from([1, 1, 2, 4]), is_late=st.booleans(), is_beside=st.booleans())
    def resets_the_password(self, who: int, age: int, callers: int, is_late: bool, is_beside: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Use a live link, which sets one password; it ends all earlier sessions, and invalidates all other links."""
        session = self._session(who)
        person = session.person if is_beside else self._person(who)
        if not person.resets:
            self._mail_reset(person)
        if not person.resets:
            return
        token = person.resets[max(0, len(person.resets) - 1 - age)]
        if is_late:
            self._wait_until(token.until + OFFSETS[who % len(OFFSETS)])
        due = int(self.model.can_reset(person, token, self.now))
        passwords = [f"{PASSWORD} {uuid4().hex}" for _ in range(callers)]
        work = self.world.own.reset_at_once(token.text, passwords)
        done = self._beside(session if is_beside else None, work)
        require("a link sets one password while it lives, and none after", holds=done.count(True) == due, detail=done)
        if due:
            self.model.reset(person, passwords[done.index(True)])
            self.touched += self.model.sessions_of(person)[-3:]
        self._compare_verified(person)

    @rule(which=some, days=st.sampled_from([0, 0, 13, 14]))
    def leaves_and_resets_the_password(self, which: int, days: int) -> None:
        """Reset the password of an account that waits for deletion: only the new password restores the account."""
        session = self._session(which)
        person, is_due = session.person, self._is_let_in(session)
        has_left = self.world.run(self.world.own.leave(session.accesses[-1].text))
        require(LET_IN, holds=has_left == is_due)
        if not has_left:
            return
        self.model.deactivate(person)
        self.touched += self.model.sessions_of(person)[-3:]
        self._wait_until(self.now + timedelta(days=days))
        is_waiting = timedelta(days=days) < GRACE
        text = self.world.run(self.world.mailbox.reset(person.email))
        require("a link is mailed while the deletion waits, and not after", holds=(text is not None) == is_waiting)
        if text is not None:
            old, new = person.password, f"{PASSWORD} {uuid4().hex}"
            require("a link sets a password", holds=self.world.run(self.world.own.reset_at_once(text, [new])) == [True])
            self.model.reset(person, new)
            require("a password that was reset restores nothing", holds=not self._restores(person, old))
        is_back = self._restores(person, person.password)
        require("the password restores an account until it is deleted", holds=is_back == is_waiting)
        person.is_active = is_back
        self._compare_verified(person)

    @rule(which=some, who=some, age=ages, is_late=st.booleans())
    def verifies_in_a_session(self, which: int, who: int, age: int, is_late: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Verify in a session of the link's own account, where the link may be used repeatedly."""
        session = self._session(which)
        token = self._verification(session.person, age)
        if token is None:
            return
        if is_late:
            self._wait_until(token.until + OFFSETS[who % len(OFFSETS)])
        self._verify_in(session, session.person, token)

    @rule(which=some, age=ages)
    def verifies_in_a_session_of_another(self, which: int, age: int) -> None:
        """Use a link in a session of another account: it has no effect, even while it is live."""
        session = self._session(which)
        others = [each for each in self.model.people if each is not session.person and not each.is_verified]
        if not others and len(self.model.people) < MAXIMUM_PEOPLE:
            self._register()
            others = self.model.people[-1:]
        for person in others[:1]:
            token = self._verification(person, age)
            if token is not None:
                self._verify_in(session, person, token)

    @rule(who=some, age=ages, is_right=st.sampled_from([True, True, True, False]))
    def verifies_by_password(self, who: int, age: int, is_right: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Verify with the password of the link's account, which works once; a second use follows immediately."""
        person = self._unverified(who)
        token = self._verification(person, age)
        if token is None:
            return
        for shown in (person.password,) * 2 if is_right else (f"{person.password}!",):
            is_due = is_right and self.model.can_verify(person, token, self.now)
            is_done = self.world.run(self.world.own.verify_by_password(token.text, shown))
            self._note_verification(person, is_done=is_done, is_due=is_due)

    def _verify_in(self, session: Session, person: Person, token: MailedToken) -> None:
        is_due = self._counts_in(session, person, token)
        is_done = self.world.run(self.world.own.verify_by_session(session.accesses[-1].text, token.text))
        self._note_verification(person, is_done=is_done, is_due=is_due)

    def _restores(self, person: Person, password: str) -> bool:
        return self.world.run(self.world.own.restore(person.username, password))

    def _unverified(self, who: int) -> Person:
        """Return a person with an unverified address, if there is one: a reset verifies it, too."""
        return next((each for each in self.model.people if not each.is_verified), self._person(who))

    def _counts_in(self, session: Session, person: Person, token: MailedToken) -> bool:
        if not self._is_let_in(session) or session.person is not person or not self.model.is_readable(token.key):
            return False
        return person.is_verified or self.model.can_verify(person, token, self.now)

    def _mail_reset(self, person: Person) -> None:
        text = self.world.run(self.world.mailbox.reset(person.email))
        require("a link is mailed exactly to an active user", holds=(text is not None) == person.is_active)
        if text is not None:
            self.model.mail_reset(person, MailedToken(text, self.now + RESET_LIFE, self.model.key))
            # The moments must differ, since they decide which of two links is the newer one.
            self._wait_until(self.now + MOMENT)

    def _verification(self, person: Person, age: int) -> MailedToken | None:
        """Return a mailed link; for the newest, send a mail first, if one is permitted."""
        if age == 0:
            text = self.world.run(self.world.mailbox.verification(person.id))
            is_due = person.is_active and not person.is_verified
            require(
                "a link is mailed exactly to an active user who is not verified", holds=(text is not None) == is_due
            )
            if text is not None:
                token = MailedToken(text, self.now + VERIFICATION_LIFE, self.model.key)
                self.model.mail_verification(person, token)
        mailed = person.verifications
        return mailed[max(0, len(mailed) - 1 - age)] if mailed else None

    def _note_verification(self, person: Person, *, is_done: bool, is_due: bool) -> None:
        require("a link verifies with session or password of its account alone", holds=is_done == is_due)
        if is_done:
            person.is_verified, person.live_verification = True, None
        self._compare_verified(person)

    def _compare_verified(self, person: Person) -> None:
        statement = "SELECT email_verified_at IS NOT NULL FROM users WHERE id = %s"
        ((is_verified,),) = self.world.run(self.world.sql(statement, person.id))
        require("an address is verified exactly by its mail", holds=is_verified == person.is_verified)
