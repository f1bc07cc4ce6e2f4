"""The steps of devices without a browser (RFC 8628), to which users sign in on another device."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from development.proof.model.account_steps import some
from development.proof.model.browser_steps import OFFSETS, BrowserSteps
from development.proof.model.browsers import DEVICE_CODE_LIFETIME, Browser, Device
from development.proof.model.people import MAXIMUM_SESSIONS_PER_PERSON, require

SCOPES: Final = ["openid", "openid offline_access"]
DECISIONS: Final = ["approve", "approve", "approve", "deny", "nothing"]
MEANWHILE: Final = [
    *("it waits", "it waits", "it waits", "it is late", "it asks at once", "the browser signs out"),
    *("all sessions end", "consent is taken back", "another decides"),
]
FAULTS: Final = ["none", "none", "none", "another client"]

polls = st.lists(
    st.tuples(
        st.sampled_from(MEANWHILE), st.sampled_from(OFFSETS), st.sampled_from(FAULTS), st.sampled_from([1, 1, 1, 2, 3])
    ),
    min_size=2,
    max_size=4,
)
"""The event before a poll, its offset from the interval, the fault, and the number of concurrent polls."""


class DeviceSteps(BrowserSteps):
    """The user's decision determines the result of a device."""

    def __init__(self) -> None:
        """Start without devices."""
        super().__init__()
        self.devices: list[Device] = []

    @rule(which=some, scopes=st.sampled_from(SCOPES), decision=st.sampled_from(DECISIONS), polls=polls)
    def signs_in_on_a_device(
        self, which: int, scopes: str, decision: str, polls: list[tuple[str, timedelta, str, int]]
    ) -> None:
        """Show a code on a device, enter it in a browser, and poll until there is a decision."""
        browser = self._browser(which)
        if browser is None:
            return
        device = self._new_device(browser, scopes)
        self._poll(device, "none", 1)
        self._decide(device, browser, decision)
        for meanwhile, offset, fault, callers in polls:
            self._pass_before_poll(meanwhile, offset, device, which)
            self._poll(device, fault, callers)

    @rule(which=some, fault=st.sampled_from(FAULTS), callers=st.sampled_from([1, 2, 3]))
    def shows_a_device_code_again(self, which: int, fault: str, callers: int) -> None:
        """Poll again with a device code; a device with tokens gets no others."""
        if self.devices:
            device = self.devices[which % len(self.devices)]
            self._wait_for_poll(device, timedelta(0))
            self._poll(device, fault, callers)

    @rule(which=some, decision=st.sampled_from(["approve", "deny"]))
    def types_the_code_of_a_device_again(self, which: int, decision: str) -> None:
        """Enter a device's code again: there may be a decision already, and the session may have ended."""
        browser = self._browser(which)
        if browser is not None and self.devices:
            self._decide(self.devices[which % len(self.devices)], browser, decision)

    def _new_device(self, browser: Browser, scopes: str) -> Device:
        begun = self.world.run(self._provider.begin_device(scopes))
        until, asked = self.now + DEVICE_CODE_LIFETIME, frozenset(scopes.split())
        device = Device(
            begun.device_code,
            self.model.key,
            browser,
            is_offline=True,
            until=until,
            user_code=begun.user_code,
            scopes=asked,
        )
        self.devices.append(device)
        return device

    def _decide(self, device: Device, browser: Browser, decision: str) -> None:
        if decision == "nothing":
            return
        is_live = self._is_live(browser)
        is_waiting = self.model.is_readable(device.key) and not device.decision and self.now < device.until
        is_approved = decision == "approve"
        call = self._provider.decide(browser.cookie, device.user_code, is_approved=is_approved)
        is_done = self.world.run(call)
        require("a device is decided about once, in a live session", holds=is_done == (is_live and is_waiting))
        if is_live:
            browser.use(self.now)
        if is_done:
            device.decision, device.browser = decision, browser
            owner = self._owner(browser)
            owner.devices.append(device)
            owner.agreed |= device.scopes if is_approved else frozenset()

    def _wait_for_poll(self, device: Device, offset: timedelta) -> None:
        if device.polled_at is not None:
            self._wait_until(device.polled_at + device.interval + offset)

    def _pass_before_poll(self, meanwhile: str, offset: timedelta, device: Device, which: int) -> None:
        if meanwhile == "it is late":
            self._wait_until(device.until + offset)
            return
        if meanwhile != "it asks at once":
            self._wait_for_poll(device, offset)
        if meanwhile == "the browser signs out":
            self._sign_out(device.browser)
        elif meanwhile == "all sessions end":
            self._end_all(self._owner(device.browser))
        elif meanwhile == "consent is taken back":
            self._take_back_of(self._owner(device.browser))
        elif meanwhile == "another decides":
            another = self._browser(which + 1)
            if another is not None:
                self._decide(device, another, "approve")

    def _poll(self, device: Device, fault: str, callers: int) -> None:
        now = self.now
        is_stored = self.model.is_readable(device.key) and not device.is_used
        is_answered = is_stored and fault == "none" and not device.is_early(now) and now < device.until
        is_consumed = is_answered and device.decision == "approve"
        owner = self._owner(device.browser) if is_consumed else None
        is_due = owner is not None and owner.is_admissible and device.browser.epoch == owner.epoch
        pairs = self.world.run(self._provider.poll_at_once(device.text, fault, callers))
        said = f"{device.decision}, {fault}: {len(pairs)} of {callers}"
        require("a device gets one session, once approved", holds=len(pairs) == int(is_due), detail=said)
        if is_stored and fault == "none":
            device.note_polls(now, callers)
        if owner is None:
            return
        device.is_used = True
        for pair in pairs:
            self.touched.append(self.model.begin_of_code(owner, device, pair.refresh_token, pair.access_token, now))
        self.touched += self.model.sessions_of(owner)[-MAXIMUM_SESSIONS_PER_PERSON - 1 :]
