"""The steps of passwordless sign-ins with a passkey."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import some
from development.proof.model.factor_journey import TWO_KINDS
from development.proof.model.factor_steps import ONCE, FactorSteps, callers
from development.proof.model.own_factors import OwnPasskey
from development.proof.model.people import Person, require

CHALLENGE_LIFETIME: Final = timedelta(minutes=10)
SIGNATURES: Final = ["right", "right", "repeated", "user not verified", "counter fell", "removed", "late"]


class PasskeySteps(FactorSteps):
    """A passkey with user verification counts as two factors."""

    @rule(who=some, hows=st.lists(st.sampled_from(SIGNATURES), min_size=1, max_size=4), callers=callers)
    def signs_in_by_a_passkey(self, who: int, hows: list[str], callers: int) -> None:
        """Sign in: one signature begins one session; a counter that decreased suspends the passkey."""
        for how in hows:
            people = self._owners(who)
            if not people:
                return
            person = people[who % len(people)]
            passkeys = person.factors.lost_passkeys if how == "removed" else person.factors.passkeys
            if passkeys:
                self._sign_in(person, passkeys[-1], how, callers)
                self._compare_factors(person)

    def _sign_in(self, person: Person, passkey: OwnPasskey, how: str, callers: int) -> None:
        if how == "counter fell" and passkey.counter == 0:
            # The counter must be above zero before it can decrease.
            self._sign_in(person, passkey, "right", callers)
        self._make_room(person)
        options = self.world.run(self.world.factors.options_of_login(None)) or {}
        authenticator, credential = passkey.authenticator, passkey.authenticator.credentials[0]
        authenticator.verifies_user = how != "user not verified"
        falls = how == "counter fell" and passkey.counter > 0
        if falls:
            credential.sign_count = passkey.counter - 1
        signed = authenticator.get(options)
        if how == "late":
            self._wait_until(self.now + CHALLENGE_LIFETIME)
        is_genuine = how not in {"user not verified", "removed", "late"} and not passkey.is_suspended
        is_due = is_genuine and not falls and person.is_admissible
        begun = self.world.run(self.world.factors.sign_in_at_once(signed, callers))
        begun += self.world.run(self.world.factors.sign_in_at_once(signed, 1)) if how == "repeated" else []
        require(ONCE, holds=len(begun) == int(is_due), detail=f"a passkey, {how}: {len(begun)} sessions")
        if is_genuine:
            self._note_signature(passkey, falls=falls)
        for each in begun:
            self.touched.append(self._begun(person, each.tokens, TWO_KINDS))

    def _owners(self, who: int) -> list[Person]:
        """Return the persons who have or had a passkey; register one if no usable passkey exists."""
        passkeys = [passkey for person in self.model.people for passkey in person.factors.passkeys]
        if all(passkey.is_suspended for passkey in passkeys):
            self._add_passkey(self._session(who), counts=who % 3 > 0)
        return [each for each in self.model.people if each.factors.passkeys or each.factors.lost_passkeys]

    @staticmethod
    def _note_signature(passkey: OwnPasskey, *, falls: bool) -> None:
        """Record a signature with the passkey's own key; it counts even if the person may begin no session."""
        credential = passkey.authenticator.credentials[0]
        if falls:
            passkey.is_suspended = True
            credential.sign_count = passkey.counter + 1
        else:
            passkey.counter = credential.sign_count
