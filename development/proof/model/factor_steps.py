"""The steps of second factors: setting up, using after the password, reusing, removing and resetting."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import LET_IN, some
from development.proof.model.factor_journey import TWO_KINDS, FactorJourney
from development.proof.model.people import Person, require
from development.proof.model.tokens import RememberedDevice
from doorward.domain.auth.factors.shown_factor import ShownFactor
from doorward.domain.auth.models import LoggedIn

MAXIMUM_NEWER_DEVICES: Final = 12
TRUST: Final = timedelta(days=30)
PENDING_LOGIN_LIFETIME: Final = timedelta(seconds=300)
ONCE: Final = "what is shown once begins one session, and none after it"
MOMENT: Final = timedelta(microseconds=1)
SHOWN: Final = [
    *("code", "code", "recovery code", "recovery code", "passkey", "passkey"),
    *("another's passkey", "wrong", "used code", "dead recovery code"),
]
MEANWHILE: Final = ["nothing", "nothing", "all sessions end", "it is late"]
callers = st.sampled_from([1, 1, 2])
attempts = st.lists(st.tuples(st.sampled_from(SHOWN), st.sampled_from(MEANWHILE)), min_size=1, max_size=4)


class FactorSteps(FactorJourney):
    """Each step may use many wrong or used codes, since failed attempts are deleted after it."""

    @rule(
        which=some, is_right=st.sampled_from([True, True, False]), meanwhile=st.sampled_from(MEANWHILE), callers=callers
    )
    def sets_up_an_application(self, which: int, is_right: bool, meanwhile: str, callers: int) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Confirm an application in the session that requested it, before the sessions end; calls may be concurrent."""
        self._set_up(self._session(which), meanwhile, callers, is_right=is_right)

    @rule(which=some, callers=callers, meanwhile=st.sampled_from(MEANWHILE), counts=st.booleans())
    def registers_a_passkey(self, which: int, callers: int, meanwhile: str, counts: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Register an authenticator's credential, which works once, and only before the sessions end."""
        self._add_passkey(self._session(which), meanwhile, callers, counts=counts)

    @rule(who=some, attempts=attempts, callers=callers, remembers=st.booleans())
    def logs_in_by_two(self, who: int, attempts: list[tuple[str, str]], callers: int, remembers: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Log in with password and factor, several times; the same values do not work again."""
        for shown, meanwhile in attempts:
            person = self._protected(who)
            if person is not None:
                self._log_in_by_two(person, shown, meanwhile, callers, remembers=remembers)
                self._compare_factors(person)
        self._forget_attempts()

    def _log_in_by_two(self, person: Person, shown: str, meanwhile: str, callers: int, *, remembers: bool) -> None:
        self._make_room(person)
        tokens = [self._asked(person) for _ in range(callers)]
        self._fresh_step(person)
        factors, is_right = self._shown(person, shown, tokens[0], callers)
        if not factors:
            return
        self._pass(meanwhile, person, PENDING_LOGIN_LIFETIME)
        begun = self.world.run(self.world.factors.complete_at_once(tokens, factors, remembers=remembers))
        is_due = is_right and meanwhile == "nothing"
        require(ONCE, holds=len(begun) == int(is_due), detail=f"{shown}, {meanwhile}: {len(begun)} of {callers}")
        for each in begun:
            self._note_shown(person, shown)
            self.touched.append(self._begun(person, each.tokens, TWO_KINDS))
            if remembers:
                self._note_device(person, each)
            self._repeat(person, tokens, factors[0])

    def _repeat(self, person: Person, tokens: list[str], factor: ShownFactor) -> None:
        """Reuse the factor with another login, and use another factor with the same login."""
        again = self.world.run(self.world.factors.complete_at_once([self._asked(person)], [factor]))
        require(ONCE, holds=not again, detail="another login")
        if person.factors.codes and len(tokens) == 1:
            code = self.world.factors.typed(person.factors.codes[0])
            again = self.world.run(self.world.factors.complete_at_once(tokens, [code]))
            require(ONCE, holds=not again, detail="the same login")

    @rule(who=some, is_late=st.booleans(), is_ended=st.booleans())
    def logs_in_on_a_remembered_device(self, who: int, is_late: bool, is_ended: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Log in on a remembered device without a factor, which works for a limited time and in one epoch."""
        person = self._protected(who)
        device = None if person is None else self._remembered(person)
        if person is None or device is None:
            return
        if is_ended:
            self._end_all(person)
        elif is_late:
            self._wait_until(device.until + (MOMENT if who % 2 else -MOMENT))
        said = self.world.run(self.world.factors.log_in(person.username, person.password, device.text))
        is_good = device.epoch == person.epoch and self.now < device.until and self.model.is_readable(device.key)
        is_due = person.may_log_in or (person.is_asked and is_good)
        is_in = said is not None and not isinstance(said, str)
        require("a device is remembered for its time and its epoch", holds=is_in == is_due)
        if said is not None and not isinstance(said, str):
            self.touched.append(self._begun(person, said.tokens, 1))
        if person.is_admissible:
            person.has_old_hash = False
        self._forget_attempts()

    def _remembered(self, person: Person) -> RememberedDevice | None:
        """Return a device that the person has remembered; remember one in this step if there is none."""
        factors = person.factors
        is_recent = factors.device is not None and factors.device.epoch == person.epoch
        if is_recent and factors.newer_devices <= MAXIMUM_NEWER_DEVICES and self.has_room:
            return factors.device
        self._make_room(person)
        if not factors.codes:
            return None
        typed = self.world.factors.typed(factors.codes[0])
        call = self.world.factors.complete_at_once([self._asked(person)], [typed], remembers=True)
        for each in self.world.run(call):
            factors.use_code()
            self.touched.append(self._begun(person, each.tokens, TWO_KINDS))
            self._note_device(person, each)
        return factors.device

    def _note_device(self, person: Person, login: LoggedIn) -> None:
        until, key = self.now + TRUST, self.model.key
        person.factors.device = RememberedDevice(login.device_token, person.epoch, until, key)
        person.factors.newer_devices = 0

    @rule(which=some, shown=st.sampled_from(SHOWN))
    def shows_a_factor_again(self, which: int, shown: str) -> None:
        """Reauthenticate by a factor: the session continues with two factors, and its earlier tokens stop working."""
        person = self._protected(which)
        session = next((each for each in self._live() if each.person is person), None)
        if person is None or session is None:
            return
        access, is_let_in = session.accesses[-1].text, self._is_let_in(session)
        self._fresh_step(person)
        is_let_in = is_let_in and self._is_let_in(session)
        factor, is_right = self._shown_in(person, shown, access)
        if factor is None:
            return
        pair = self.world.run(self.world.factors.prove(access, factor))
        require("a factor that is right proves who is asking", holds=(pair is not None) == (is_right and is_let_in))
        if pair is not None:
            self._note_shown(person, shown)
            renewed = self.model.renew(session, pair.refresh_token, pair.access_token, self.now)
            renewed.acr = TWO_KINDS
            self.touched += [session, renewed]
        self._forget_attempts()
        self._compare_factors(person)

    @rule(which=some, what=st.sampled_from(["application", "passkey", "codes", "all"]))
    def changes_factors(self, which: int, what: str) -> None:
        """Remove a factor, replace the codes, or reset all factors; sessions end, except for new codes."""
        person = self._protected(which)
        session = next((each for each in self._live() if each.person is person), None)
        if person is None or session is None:
            return
        factors, is_let_in = person.factors, self._is_let_in(session)
        access = session.accesses[-1].text
        if what == "all":
            self._reset_factors(person)
        elif what == "codes":
            codes = self.world.run(self.world.factors.make_codes(access))
            require(LET_IN, holds=(codes is not None) == (is_let_in and factors.exist))
            factors.replace_codes(codes if codes is not None else factors.codes)
        elif what == "application":
            begun = self.world.run(self.world.factors.remove(access))
            require(LET_IN, holds=(begun is not None) == (is_let_in and factors.secret is not None))
            if begun is not None:
                factors.lose_application()
                self._continued(person, begun.tokens, session.acr)
        elif factors.passkeys:
            passkey = factors.passkeys[which % len(factors.passkeys)]
            begun = self.world.run(self.world.factors.remove_passkey(access, passkey.id))
            require(LET_IN, holds=(begun is not None) == is_let_in)
            if begun is not None:
                factors.lose_passkey(passkey)
                self._continued(person, begun.tokens, session.acr)
        self._compare_factors(person)
