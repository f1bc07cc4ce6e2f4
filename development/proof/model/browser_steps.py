"""The steps of users in browsers, and of the application that they sign in to."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import LET_IN, some
from development.proof.model.browsers import CODE_LIFETIME, Browser, Code, new_browser
from development.proof.model.passkey_steps import PasskeySteps
from development.proof.model.people import MAXIMUM_SESSIONS_PER_PERSON, Due, Person, Session, require
from development.proof.model.provider import Provider
from doorward.domain.auth.models import EndReason

MOMENT: Final = timedelta(microseconds=1)
OFFSETS: Final = [timedelta(0), -MOMENT, MOMENT]
SCOPES: Final = ["openid", "openid", "openid offline_access"]
FAULTS: Final = ["none", "none", "none", "wrong verifier", "another client", "another address"]
MEANWHILE: Final = [
    *("nothing", "nothing", "nothing", "it is late", "it is almost late"),
    *("the browser signs out", "all sessions end", "consent is taken back", "another sign-in"),
]
MAXIMUM_BROWSERS: Final = 2
"""Maximum number of live browser sessions of a user."""

callers = st.sampled_from([1, 1, 1, 2, 3])
attempts = st.lists(st.tuples(st.sampled_from(MEANWHILE), st.sampled_from(FAULTS), callers), min_size=2, max_size=4)
"""The event before a code is redeemed, the fault in its redemption, and the number of concurrent redemptions."""

silently = st.sampled_from([False, False, True])


class BrowserSteps(PasskeySteps):
    """The cookie determines a browser's result; the code or the session determines an application's result."""

    @rule(who=some, is_kept=st.booleans(), replaces=st.booleans())
    def signs_in_in_a_browser(self, who: int, is_kept: bool, replaces: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Sign in, optionally in a signed-in browser: the old session is replaced, its applications' are not."""
        person = self._person(who)
        here = self._live_browsers() if replaces else self._live_browsers(person)[: -(MAXIMUM_BROWSERS - 1)]
        self._sign_in_here(person, here[who % len(here)] if here else None, is_kept=is_kept)

    @rule(which=some, limit=st.sampled_from(["nothing", "idle", "absolute"]), offset=st.sampled_from(OFFSETS))
    def opens_a_page(self, which: int, limit: str, offset: timedelta) -> None:
        """Send the cookie of a browser, optionally at the end of its session."""
        browser = self._browser(which)
        if browser is None:
            return
        if limit != "nothing":
            self._wait_until((browser.expires_at if limit == "idle" else browser.ends_at) + offset)
        self._opens(browser)

    @rule(which=some, left=st.sampled_from([timedelta(hours=1), timedelta(days=3)]))
    def stays_signed_in_to_the_end(self, which: int, left: timedelta) -> None:
        """Use a browser until its session almost ends, then sign in to the application."""
        browser = self._browser(which)
        while browser is not None and self._is_live(browser) and self.now < browser.ends_at - left:
            self._wait_until(min(browser.expires_at - MOMENT, browser.ends_at - left))
            self._opens(browser)
        if browser is not None:
            self._sign_in_to_application(self._owner(browser), browser)

    @rule(which=some, has_application=st.booleans(), signs_in_again=st.booleans())
    def signs_out_in_a_browser(self, which: int, has_application: bool, signs_in_again: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        """Sign out: the browser's session ends, and the applications' sessions that are not offline."""
        browser = self._browser(which)
        if browser is None:
            return
        person = self._owner(browser)
        if has_application:
            self._sign_in_to_application(person, browser)
        if signs_in_again and self._is_live(browser):
            self._sign_in_here(person, browser, is_kept=browser.is_kept)
            browser = person.browsers[-1]
        self._sign_out(browser)
        self._opens(browser)

    @rule(which=some, attempts=attempts, scopes=st.sampled_from(SCOPES), is_silent=silently)
    def signs_in_to_an_application(
        self,
        which: int,
        attempts: list[tuple[str, str, int]],
        scopes: str,
        is_silent: bool,  # noqa: FBT001 - Hypothesis passes by name
    ) -> None:
        """Issue codes and redeem them, correctly or not, optionally after the browser signed out."""
        for meanwhile, fault, callers in attempts:
            browser = self._browser(which)
            if browser is None:
                return
            person = self._owner(browser)
            code = self._code(person, browser, frozenset(scopes.split()), is_silent=is_silent)
            if code is not None:
                self._pass_before_redemption(meanwhile, person, code)
                self._redeem(person, code, fault, callers)

    @rule(which=some, fault=st.sampled_from(FAULTS), callers=callers)
    def shows_a_code_again(self, which: int, fault: str, callers: int) -> None:
        """Reuse a code: it yields nothing, and ends the session that it began."""
        shown = [(person, code) for person in self.model.people for code in person.codes]
        if shown:
            self._redeem(*shown[which % len(shown)], fault, callers)

    @rule(which=some, age=st.integers(0, 2), callers=st.integers(1, 2))
    def refreshes_for_an_application(self, which: int, age: int, callers: int) -> None:
        """Use the application's refresh token, either the current or an earlier one."""
        session = self._of_application(which)
        if session is None:
            return
        while session.generation < age:
            if self._present(session, session.generation, 1) is not Due.NEXT:
                return
        self._present(session, session.generation - age, callers)

    @rule(which=some)
    def shows_an_application_s_token_elsewhere(self, which: int) -> None:
        """Use an application's token at the service's own login: it is refused, and the session continues."""
        session = self._of_application(which)
        if session is not None:
            pair = self.world.run(self.world.refresh(session.tokens[-1].text))
            require("a refresh token is of no use to another client", holds=pair is None)

    @rule(which=some)
    def takes_consent_back(self, which: int) -> None:
        """Withdraw consent: the application's sessions end, and its codes are deleted."""
        session = self._session(which)
        person = session.person
        is_let_in = self._is_let_in(session)
        self._take_back(session, is_let_in=is_let_in)
        require(LET_IN, holds=not is_let_in or not person.agreed)

    @rule(which=some, offset=st.sampled_from(OFFSETS))
    def expired_browsers_are_removed(self, which: int, offset: timedelta) -> None:
        """Remove expired sessions, optionally at the end of a browser's session."""
        browser = self._browser(which)
        if browser is not None:
            self._wait_until(browser.expires_at + offset)
        self.world.run(self.world.remove_expired())
        for person in self.model.people:
            for each in person.browsers:
                each.is_gone |= each.expires_at <= self.now or each.epoch != person.epoch
            for code in person.codes:
                code.is_used |= code.until <= self.now or code.browser.is_gone

    @property
    def _provider(self) -> Provider:
        return self.world.run(self.world.provider())

    def _owner(self, browser: Browser) -> Person:
        return next(person for person in self.model.people if browser in person.browsers)

    def _is_live(self, browser: Browser) -> bool:
        person = self._owner(browser)
        is_there = not browser.is_gone and browser.epoch == person.epoch and self.now < browser.expires_at
        return is_there and person.is_active and self.model.is_readable(browser.key)

    def _live_browsers(self, person: Person | None = None) -> list[Browser]:
        people = self.model.people if person is None else [person]
        return [each for owner in people for each in owner.browsers if self._is_live(each)]

    def _browser(self, which: int) -> Browser | None:
        """Return the browser of a step: usually one that is signed in, or else a new one."""
        if not self._live_browsers():
            self._let_in(self._person(which))
            self._sign_in_here(self._person(which), None, is_kept=False)
        known = [each for person in self.model.people for each in person.browsers]
        live = self._live_browsers() or known
        among, number = (known, which // 4) if which % 4 == 0 else (live, which)
        return among[number % len(among)] if among else None

    def _of_application(self, which: int) -> Session | None:
        those = [session for session in self.model.sessions if session.is_of_application]
        live = [session for session in those if self.model.is_live(session, self.now)]
        among, number = (those, which // 4) if which % 4 == 0 or not live else (live, which)
        if not among:
            return None
        self.touched.append(among[number % len(among)])
        return self.touched[-1]

    def _sign_in_here(self, person: Person, here: Browser | None, *, is_kept: bool) -> None:
        cookie = None if here is None else here.cookie
        call = self._provider.sign_in(person.username, person.password, cookie, is_kept=is_kept)
        signed_in = self.world.run(call)
        require("a login succeeds exactly for an active user", holds=(signed_in is not None) == person.may_log_in)
        if signed_in is not None or person.is_asked:
            person.has_old_hash = False
        if signed_in is None:
            return
        browser = new_browser(signed_in.cookie, self.model.key, person.epoch, self.now, is_kept=is_kept)
        if here is not None and here in person.browsers:
            self._gives_way(here, browser)
        elif here is not None:
            self._note_sign_out(here)
        person.browsers.append(browser)
        person.factors.newer_devices += 1

    def _gives_way(self, here: Browser, browser: Browser) -> None:
        here.is_gone = True
        for session in self.model.sessions:
            if session.browser is here and session.ended is None:
                session.browser = browser
        for code in self._owner(here).codes:
            code.is_used |= code.browser is here

    def _opens(self, browser: Browser) -> None:
        is_due = self._is_live(browser)
        found = self.world.run(self._provider.find(browser.cookie))
        require("a cookie works exactly while its session does", holds=(found is not None) == is_due)
        if found is not None:
            require("a cookie is for its own account only", holds=str(found.user_id) == self._owner(browser).id)
            browser.use(self.now)

    def _sign_out(self, browser: Browser) -> None:
        self.world.run(self._provider.sign_out(browser.cookie))
        self._note_sign_out(browser)

    def _note_sign_out(self, browser: Browser) -> None:
        if not self.model.is_readable(browser.key) or browser.is_gone:
            return
        browser.is_gone = True
        for code in self._owner(browser).codes:
            code.is_used |= code.browser is browser
        for session in self.model.sessions:
            is_online = session.browser is browser and session.code is not None and not session.code.is_offline
            if is_online and self.now < session.expires_at:
                session.end(EndReason.LOGOUT, self.now)
                self.touched.append(session)

    def _sign_in_to_application(self, person: Person, browser: Browser) -> None:
        code = self._code(person, browser, frozenset({"openid"}), is_silent=False)
        if code is not None:
            self._redeem(person, code, "none", 1)

    def _code(self, person: Person, browser: Browser, wanted: frozenset[str], *, is_silent: bool) -> Code | None:
        is_live = self._is_live(browser)
        asked = " ".join(sorted(wanted))
        text = self.world.run(self._provider.code(browser.cookie, asked, is_silent=is_silent))
        is_due = is_live and (not is_silent or wanted <= person.agreed)
        require("a code is issued in a live session, for what was agreed to", holds=(text is not None) == is_due)
        if is_live:
            browser.use(self.now)
        if text is None:
            return None
        person.agreed |= wanted
        code = Code(text, self.model.key, browser, "offline_access" in wanted, self.now + CODE_LIFETIME)
        person.codes.append(code)
        return code

    def _pass_before_redemption(self, meanwhile: str, person: Person, code: Code) -> None:
        if meanwhile in {"it is late", "it is almost late"}:
            self._wait_until(code.until if meanwhile == "it is late" else code.until - MOMENT)
        elif meanwhile == "the browser signs out":
            self._sign_out(code.browser)
        elif meanwhile == "all sessions end":
            self._end_all(person)
        elif meanwhile == "another sign-in":
            self._sign_in_here(person, code.browser, is_kept=True)
        elif meanwhile == "consent is taken back":
            self._take_back_of(person)

    def _take_back_of(self, person: Person) -> None:
        session = self._acting_session(person)
        if session is not None:
            self._take_back(session, is_let_in=True)

    def _take_back(self, session: Session, *, is_let_in: bool) -> None:
        person = session.person
        those = [each for each in self.model.sessions_of(person) if each.is_of_application]
        live = [each for each in those if not each.has_ended and self.now < each.expires_at]
        is_taken = self.world.run(self._provider.take_consent_back(session.accesses[-1].text))
        is_due = is_let_in and bool(person.agreed or live)
        require("consent is taken back once", holds=is_taken == is_due)
        if is_let_in:
            person.agreed = frozenset()
            for code in person.codes:
                code.is_used |= not code.browser.is_gone
            for device in person.devices:
                device.is_used = True
            for each in live:
                each.end(EndReason.OWNER, self.now)
            self.touched += live

    def _redeem(self, person: Person, code: Code, fault: str, callers: int) -> None:
        is_readable = self.model.is_readable(code.key)
        is_there = is_readable and not code.is_used and self.now < code.until
        is_due = is_there and fault == "none" and person.is_admissible and code.browser.epoch == person.epoch
        was_used = code.is_used
        pairs = self.world.run(self._provider.redeem_at_once(code.text, fault, callers))
        require("a code begins one session", holds=len(pairs) == int(is_due), detail=(fault, len(pairs), callers))
        code.is_used |= is_readable
        for pair in pairs:
            pair_texts = (pair.refresh_token, pair.access_token)
            self.touched.append(self.model.begin_of_code(person, code, *pair_texts, self.now))
        self.touched += self.model.sessions_of(person)[-MAXIMUM_SESSIONS_PER_PERSON - 1 :]
        if is_readable and (was_used or callers > 1):
            for session in self.model.sessions_of(person):
                if session.code is code and not session.has_ended and self.now < session.expires_at:
                    session.end(EndReason.REUSE, self.now)
