"""The base of the second-factor steps: choosing a protected person, creating proofs, and recording the results."""

from datetime import timedelta
from typing import Final

from development.authenticator import Authenticator
from development.proof.model.account_steps import LET_IN
from development.proof.model.administration_steps import AdministrationSteps
from development.proof.model.factors import ORIGIN, Json
from development.proof.model.own_factors import STEP_SECONDS, OwnPasskey, step_at
from development.proof.model.people import Person, Session, require
from doorward.domain.auth.factors.shown_factor import ShownFactor
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.sessions.continuation import tokens_of

TWO_KINDS: Final = 2
MAXIMUM_PASSKEYS: Final = 2
ENROLMENT_LIFETIME: Final = timedelta(minutes=10)


class FactorJourney(AdministrationSteps):
    """A walk with second factors, without their steps."""

    def _set_up(self, session: Session, meanwhile: str = "nothing", callers: int = 1, *, is_right: bool = True) -> None:
        person, access = session.person, session.accesses[-1].text
        is_due = self._is_let_in(session) and person.factors.secret is None
        begun = self.world.run(self.world.factors.begin(access))
        require("an application is offered where there is none", holds=(begun is not None) == is_due)
        if begun is None:
            return
        self._pass(meanwhile, person, ENROLMENT_LIFETIME)
        secret, step = begun.secret, step_at(self.now)
        person.factors.secret = secret
        code = person.factors.code(step) if is_right else self._wrong_code(person, step)
        person.factors.secret = None
        # A person with a passkey must have used it in the session: a new password alone begins another session.
        is_shown = session.acr > 1 or not person.factors.exist
        enrolled = self.world.run(self.world.factors.confirm_at_once(access, begun.token, code, callers))
        is_due = is_right and is_shown and meanwhile == "nothing"
        require("the code of an application sets it up once", holds=len(enrolled) == int(is_due), detail=len(enrolled))
        for each in enrolled:
            person.factors.secret, person.factors.used_step = secret, step
            person.factors.replace_codes(list(each.recovery_codes))
            self._continued(person, tokens_of(each.session).tokens, TWO_KINDS)
        self._compare_factors(person)

    def _add_passkey(
        self, session: Session, meanwhile: str = "nothing", callers: int = 1, *, counts: bool = True
    ) -> None:
        person, access = session.person, session.accesses[-1].text
        if len(person.factors.passkeys) >= MAXIMUM_PASSKEYS:
            return
        options = self.world.run(self.world.factors.creation_options(access))
        require(LET_IN, holds=(options is not None) == self._is_let_in(session))
        if options is None:
            return
        authenticator = Authenticator(ORIGIN, counts=counts)
        credential = authenticator.create(options)
        self._pass(meanwhile, person, ENROLMENT_LIFETIME)
        added = self.world.run(self.world.factors.register_at_once(access, credential, callers))
        is_due = meanwhile == "nothing"
        require("a passkey is registered once", holds=len(added) == int(is_due), detail=len(added))
        for each in added:
            if not person.factors.exist:
                person.factors.replace_codes(list(each.recovery_codes))
            person.factors.passkeys.append(OwnPasskey(str(each.passkey.id), authenticator))
            self._continued(person, tokens_of(each.login).tokens, TWO_KINDS)
        self._compare_factors(person)

    def _protected(self, who: int) -> Person | None:
        """Return a person with a factor who may log in; set up a factor if there is no such person."""
        if not any(each.is_asked for each in self.model.people):
            self._set_up(self._session(who))
        people = [each for each in self.model.people if each.is_asked]
        return people[who % len(people)] if people else None

    def _make_room(self, person: Person) -> None:
        """End all sessions of a person who is about to begin one, if there are many."""
        if not self.has_room:
            self._end_all(person)

    def _asked(self, person: Person) -> str:
        token = self.world.run(self.world.factors.log_in(person.username, person.password))
        require("the password alone is asked for a factor", holds=isinstance(token, str), detail=token)
        person.has_old_hash = False
        return str(token)

    def _pass(self, meanwhile: str, person: Person, life: timedelta) -> None:
        if meanwhile == "all sessions end":
            self._end_all(person)
        elif meanwhile == "it is late":
            self._wait_until(self.now + life)

    def _fresh_step(self, person: Person) -> None:
        """Wait until the application shows an unused code."""
        if step_at(self.now) <= person.factors.used_step:
            self._wait_until(self.now + timedelta(seconds=STEP_SECONDS))

    def _wrong_code(self, person: Person, step: int) -> str:
        around = {person.factors.code(each) for each in (step - 1, step, step + 1)}
        return next(each for each in ("000000", "111111", "222222", "333333") if each not in around)

    def _typed(self, person: Person, shown: str) -> tuple[str | None, bool]:
        """Return the code to enter, if there is one of this kind, and whether it is right."""
        factors, step = person.factors, step_at(self.now)
        if shown in {"code", "used code", "wrong"} and factors.secret is None:
            return None, False
        if shown == "code":
            return factors.code(step), True
        if shown == "used code":
            return factors.code(factors.used_step), False
        if shown == "wrong":
            return self._wrong_code(person, step), False
        if shown == "recovery code":
            return (factors.codes[0], True) if factors.codes else (None, False)
        return (factors.dead_codes[-1], False) if factors.dead_codes else (None, False)

    def _shown(self, person: Person, shown: str, token: str, callers: int) -> tuple[list[ShownFactor], bool]:
        """Return the factor as often as it is used concurrently, and whether it is right."""
        if "passkey" not in shown:
            code, is_right = self._typed(person, shown)
            return [] if code is None else [self.world.factors.typed(code) for _ in range(callers)], is_right
        options = self.world.run(self.world.factors.options_of_login(token))
        signed, is_right = self._signed(person, shown, options)
        return [self.world.factors.signed_in_login(token, signed) for _ in range(callers if signed else 0)], is_right

    def _shown_in(self, person: Person, shown: str, access: str) -> tuple[ShownFactor | None, bool]:
        if "passkey" not in shown:
            code, is_right = self._typed(person, shown)
            return None if code is None else self.world.factors.typed(code), is_right
        options = self.world.run(self.world.factors.options_of_session(access))
        signed, is_right = self._signed(person, shown, options)
        factor = self.world.run(self.world.factors.signed_in_session(access, signed)) if signed else None
        return factor, is_right

    def _signed(self, person: Person, shown: str, options: Json | None) -> tuple[Json, bool]:
        """Return the signature of the person's authenticator or another person's, and whether it is right."""
        is_own = shown == "passkey"
        owner = person if is_own else self._another_owner(person)
        if options is None or not owner.factors.passkeys:
            return {}, False
        passkey = owner.factors.passkeys[-1]
        passkey.authenticator.verifies_user = bool(len(self.model.sessions) % 2)
        is_enough = passkey.authenticator.verifies_user or options["userVerification"] != "required"
        return passkey.authenticator.get(options), is_own and is_enough and not passkey.is_suspended

    def _another_owner(self, person: Person) -> Person:
        """Return another person with a passkey; register one if there is none."""
        if len(self.model.people) == 1:
            self._register()
        others = [each for each in self.model.people if each is not person]
        owner = next((each for each in others if each.factors.passkeys), others[0])
        if not owner.factors.passkeys:
            self._let_in(owner)
            self._log_in(owner, has_old_hash=False)
            self._add_passkey(self.model.sessions[-1])
        return owner

    def _note_shown(self, person: Person, shown: str) -> None:
        if shown == "code":
            person.factors.used_step = step_at(self.now)
        elif shown == "recovery code":
            person.factors.use_code()
        else:
            passkey = person.factors.passkeys[-1]
            passkey.counter = passkey.authenticator.credentials[0].sign_count

    def _begun(self, person: Person, pair: TokenPair, acr: int) -> Session:
        session = self.model.begin(person, pair.refresh_token, pair.access_token, self.now)
        session.acr = acr
        return session

    def _continued(self, person: Person, pair: TokenPair, acr: int) -> None:
        """Record that all sessions have ended except one."""
        person.epoch += 1
        self.touched.append(self._begun(person, pair, acr))
        self.touched += self.model.sessions_of(person)[-3:]
