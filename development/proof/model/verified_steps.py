"""The steps of logins at a copy that admits verified addresses only."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import some
from development.proof.model.mail_steps import MailSteps
from development.proof.model.people import Person, require
from doorward.domain.auth.models import TokenPair


class VerifiedSteps(MailSteps):
    """Sessions that begin there continue like any other. Sessions that began elsewhere are not restricted."""

    @rule(who=some, is_right=st.sampled_from([True, True, True, False]), is_unverified=st.booleans())
    def logs_in_where_verified(self, who: int, is_right: bool, is_unverified: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Log in: the right password begins a session if the address is verified, and else is told to verify it."""
        if not self.has_room:
            return
        person = self._unverified(who) if is_unverified else self._person(who)
        password = person.password if is_right else f"{person.password}!"
        pair, is_asked = self.world.run(self.world.log_in_where_verified(person.username, password))
        is_due, is_admitted = is_right and person.is_admissible, person.is_verified and person.may_log_in
        require("a verified address alone logs in there", holds=(pair is not None) == (is_due and is_admitted))
        require(
            "the right password alone is told what is missing", holds=is_asked == (is_due and not person.is_verified)
        )
        if is_due and person.is_verified:
            person.has_old_hash = False
        self._note_begun(person, pair)

    @rule(who=some)
    def logs_in_while_it_is_verified(self, who: int) -> None:
        """Log in concurrently with the address's verification: the login succeeds or is told to verify it."""
        person = self._unverified(who)
        token = self._verification(person, 0)
        if not self.has_room or token is None or person.factors.exist:
            return
        was_verified, is_due = person.is_verified, self.model.can_verify(person, token, self.now)

        async def meet() -> tuple[tuple[TokenPair | None, bool], bool]:
            return await asyncio.gather(
                self.world.log_in_where_verified(person.username, person.password),
                self.world.own.verify_by_password(token.text, person.password),
            )

        (pair, is_asked), is_done = self.world.run(meet())
        self._note_verification(person, is_done=is_done, is_due=is_due)
        is_admitted = person.may_log_in and person.is_verified
        require("a verified address alone logs in there", holds=pair is None or is_admitted)
        require("the right password alone is told what is missing", holds=not is_asked or not was_verified)
        require("an active user is admitted or told", holds=(pair is not None or is_asked) == person.may_log_in)
        self._note_begun(person, pair)

    def _note_begun(self, person: Person, pair: TokenPair | None) -> None:
        if pair is not None:
            self.touched.append(self.model.begin(person, pair.refresh_token, pair.access_token, self.now))
            person.has_old_hash = False
