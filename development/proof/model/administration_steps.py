"""The steps of administrators: ending sessions, and changing rights."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import some
from development.proof.model.people import Person, Session, require
from development.proof.model.rights import END_SESSIONS, OWN_ROLE, READ_USERS
from development.proof.model.verified_steps import VerifiedSteps
from doorward.domain.accounts.deletion import GRACE

WAYS: Final = ["deactivated", "password reset", "new address", "deleted", "barred and deleted"]
ROLE_SETS: Final = [(), (OWN_ROLE,), ("support",), ("auditor",), (OWN_ROLE, "auditor")]
SCOPE_SETS: Final = [(), (END_SESSIONS,), (END_SESSIONS, READ_USERS)]


class AdministrationSteps(VerifiedSteps):
    """Operators act on all users; walkers with roles act on users with no more rights than their own."""

    @rule(which=some, way=st.sampled_from(WAYS), is_beside=st.booleans(), days=st.sampled_from([0, 0, 1, 14]))
    def is_administered(self, which: int, way: str, is_beside: bool, days: int) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """End all sessions of a user, optionally while one is refreshed."""
        session = self._session(which)
        person = session.person
        ends: dict[str, Callable[[Session | None, Person], None]] = {
            "deactivated": self._deactivate_as_administrator,
            "password reset": self._reset_password_of,
            "new address": self._replace_email_of,
            "deleted": lambda beside, person: self._delete(beside, person, days, is_barred=False),
            "barred and deleted": lambda beside, person: self._delete(beside, person, days, is_barred=True),
        }
        ends[way](session if is_beside else None, person)
        self.touched += self.model.sessions_of(person)[-3:]

    def _deactivate_as_administrator(self, beside: Session | None, person: Person) -> None:
        self._note_deactivation(person, self._beside(beside, self.world.administration.deactivate(person.id)))
        self.world.run(self.world.administration.activate(person.id))
        person.is_active = True

    def _reset_password_of(self, beside: Session | None, person: Person) -> None:
        is_done = self._beside(beside, self.world.administration.reset_password(person.id))
        require("the password of an active user can be reset, and of no other", holds=is_done == person.is_active)
        if is_done:
            self.model.end_all(person)
            person.must_change_password = True
            person.lose_links()
            self._log_in(person, has_old_hash=False)

    def _replace_email_of(self, beside: Session | None, person: Person) -> None:
        """Change the spelling of the address, which counts as another address."""
        ((shown,),) = self.world.run(self.world.sql("SELECT email FROM users WHERE id = %s", person.id))
        local, _, domain = shown.partition("@")
        self._beside(beside, self.world.administration.replace_email(person.id, f"{local.swapcase()}@{domain}"))
        self.model.end_all(person)
        person.was_verified, person.is_verified = person.was_verified or person.is_verified, False
        person.lose_links()
        self._compare_verified(person)

    def _delete(self, beside: Session | None, person: Person, days: int, *, is_barred: bool) -> None:
        """Schedule the deletion. In the grace period the password cancels it, unless the user was deactivated before.

        An administrator can cancel it at any time.
        """
        if is_barred or not person.is_active:
            is_barred = True
            self._note_deactivation(person, self.world.run(self.world.administration.deactivate(person.id)))
        self._beside(beside, self.world.administration.schedule_deletion(person.id))
        self.model.deactivate(person)
        self._wait_until(self.now + timedelta(days=days))
        is_due = not is_barred and timedelta(days=days) < GRACE
        is_back = self._restores(person, person.password)
        require("the password restores an account until it is deleted", holds=is_back == is_due)
        if not is_back:
            self.world.run(self.world.administration.activate(person.id))
        person.is_active = True

    @rule(who=some)
    def is_erased(self, who: int) -> None:
        """Delete a user at once: nothing is stored any more, and no token works."""
        person = self._person(who)
        sessions = self.model.sessions_of(person)
        texts = [(each.tokens[-1].text, each.accesses[-1].text) for each in sessions if not each.is_of_application]
        self.world.run(self.world.administration.erase(person.id))
        pairs = self.world.run(self.world.would_refresh([refresh for refresh, _ in texts]))
        callers = self.world.run(self.world.who_are([access for _, access in texts]))
        given = [*pairs, *callers, *self._given_to_applications(sessions)]
        require("no token of an erased user works", holds=not any(given))
        rows = self.world.run(self.world.sql("SELECT id FROM sessions WHERE user_id = %s", person.id))
        require("nothing is left of an erased user", holds=not rows, detail=len(rows))
        self.model.forget(person)
        self.touched = [session for session in self.touched if session.person is not person]
        if not self.model.people:
            self._register()
        if not self.model.sessions:
            self._let_in(self._person(0))
            self._log_in(self._person(0), has_old_hash=False)

    def _given_to_applications(self, sessions: list[Session]) -> list[object]:
        """Return the results of the newest tokens of those sessions that belong to applications."""
        those = [session for session in sessions if session.is_of_application]
        refreshes, accesses = [each.tokens[-1].text for each in those], [each.accesses[-1].text for each in those]
        pairs = self.world.run(self.world.would_refresh(refreshes, is_application=True))
        return [*pairs, *self.world.run(self.world.who_are(accesses, is_application=True))]

    @rule(who=some, roles=st.sampled_from(ROLE_SETS), scopes=st.sampled_from(SCOPE_SETS), is_defined=st.booleans())
    def rights_change(self, who: int, roles: tuple[str, ...], scopes: tuple[str, ...], is_defined: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Replace a user's roles; or the scopes of the custom role, which changes the rights of all its users."""
        if is_defined:
            self.world.run(self.world.administration.define(OWN_ROLE, scopes))
            self.model.roles[OWN_ROLE] = frozenset(scopes)
            return
        self._give(self._person(who), roles)

    @rule(
        which=some,
        other=some,
        role=st.sampled_from(["support", OWN_ROLE]),
        above=st.sampled_from([(), (), ("auditor",)]),
        is_demoted=st.booleans(),
    )
    def acts_on_another(self, which: int, other: int, role: str, above: tuple[str, ...], is_demoted: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """End the sessions of another user, as a walker with a role: with current rights, and never beyond them."""
        session = self._session(which)
        if len(self.model.people) == 1:
            self._register()
        actor = session.person
        others = [person for person in self.model.people if person is not actor]
        target = others[other % len(others)]
        self._give(target, above)
        self._give(actor, (role,))
        own = self.model.scopes_of(actor)
        is_due = self._is_let_in(session) and not is_demoted
        is_due = is_due and END_SESSIONS in own and self.model.scopes_of(target) <= own
        access = session.accesses[-1].text
        if is_demoted:
            call = self.world.administration.end_sessions_as_demoted(access, actor.id, target.id)
            actor.roles = frozenset()
        else:
            call = self.world.administration.end_sessions_as(access, target.id)
        is_done = self.world.run(call)
        require("a caller never exceeds its current rights", holds=is_done == is_due)
        if is_done:
            self.model.end_all(target)
            self.touched += self.model.sessions_of(target)[-3:]

    def _give(self, person: Person, roles: tuple[str, ...]) -> None:
        self.world.run(self.world.administration.give(person.id, roles))
        person.roles = frozenset(roles)
