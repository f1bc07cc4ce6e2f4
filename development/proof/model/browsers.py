"""The state of browsers in the walks: sessions on the service's own pages, and codes for an application."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

IDLE_OF: Final = {False: timedelta(hours=12), True: timedelta(days=30)}
ABSOLUTE_OF: Final = {False: timedelta(days=30), True: timedelta(days=90)}
"""By whether the user stays signed in."""

USE_STORED_EVERY: Final = timedelta(minutes=1)
CODE_LIFETIME: Final = timedelta(seconds=60)
DEVICE_CODE_LIFETIME: Final = timedelta(minutes=10)
BETWEEN_POLLS: Final = timedelta(seconds=5)
"""The initial interval, and the increment for each early poll."""


@dataclass(eq=False)
class Browser:
    """A browser with a session on the service's own pages."""

    cookie: str
    key: int
    epoch: int
    is_kept: bool
    seen_at: datetime
    expires_at: datetime
    ends_at: datetime
    acr: int = 1
    is_gone: bool = False
    """Whether the session was replaced, removed or signed out, and so deleted."""

    def use(self, now: datetime) -> None:
        """Record a use, which the service stores once a minute."""
        if now - self.seen_at >= USE_STORED_EVERY:
            self.seen_at, self.expires_at = now, min(now + IDLE_OF[self.is_kept], self.ends_at)


@dataclass(eq=False)
class Code:
    """An authorization code, and the browser session in which it was issued."""

    text: str
    key: int
    browser: Browser
    is_offline: bool
    until: datetime
    is_used: bool = False
    """Whether it was sent to the token endpoint, correctly or not, or deleted with the session or the consent."""


@dataclass(eq=False)
class Device(Code):
    """A device without a browser, and after the user's decision, the browser session in which it was made.

    The text is its device code; its session is always offline.
    """

    user_code: str = ""
    scopes: frozenset[str] = frozenset()
    decision: str = ""
    polled_at: datetime | None = None
    interval: timedelta = BETWEEN_POLLS

    def is_early(self, now: datetime) -> bool:
        """Return whether a poll at this moment is earlier than the interval permits."""
        return self.polled_at is not None and now < self.polled_at + self.interval

    def note_polls(self, now: datetime, polls: int) -> None:
        """Record several polls at one moment: all of them except the first are early."""
        early = polls if self.is_early(now) else polls - 1
        self.polled_at = self.polled_at if early == polls else now
        self.interval += early * BETWEEN_POLLS


def new_browser(cookie: str, key: int, epoch: int, now: datetime, *, is_kept: bool) -> Browser:
    """Return the state of a browser in which a user has just signed in."""
    return Browser(cookie, key, epoch, is_kept, now, now + IDLE_OF[is_kept], now + ABSOLUTE_OF[is_kept])
