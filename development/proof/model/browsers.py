"""What browsers have in the walks: sessions on the service's own pages, and codes for an application."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

IDLE_OF: Final = {False: timedelta(hours=12), True: timedelta(days=30)}
ABSOLUTE_OF: Final = {False: timedelta(days=30), True: timedelta(days=90)}
"""By whether the person stays signed in."""

USE_STORED_EVERY: Final = timedelta(minutes=1)
LIFE_OF_CODE: Final = timedelta(seconds=60)
LIFE_OF_DEVICE: Final = timedelta(minutes=10)
BETWEEN_POLLS: Final = timedelta(seconds=5)
"""At first, and what each early poll adds."""


@dataclass(eq=False)
class Browser:
    """Somebody who has signed in on the service's own pages."""

    cookie: str
    key: int
    epoch: int
    is_kept: bool
    seen_at: datetime
    expires_at: datetime
    ends_at: datetime
    acr: int = 1
    is_gone: bool = False
    """It was signed out, replaced or removed: nothing of it is stored."""

    def use(self, now: datetime) -> None:
        """Note that it was used, which is stored once a minute."""
        if now - self.seen_at >= USE_STORED_EVERY:
            self.seen_at, self.expires_at = now, min(now + IDLE_OF[self.is_kept], self.ends_at)


@dataclass(eq=False)
class Code:
    """An authorization code, and the session of the browser that it was issued in."""

    text: str
    key: int
    browser: Browser
    is_offline: bool
    until: datetime
    is_used: bool = False
    """It was shown to the token endpoint, rightly or not, or is gone with the browser's session or the consent."""


@dataclass(eq=False)
class Device(Code):
    """A device without a browser, and since somebody decided about it, the session of the browser in which that was.

    What it asks with is the text; its session is offline always.
    """

    user_code: str = ""
    scopes: frozenset[str] = frozenset()
    decision: str = ""
    polled_at: datetime | None = None
    interval: timedelta = BETWEEN_POLLS

    def is_early(self, now: datetime) -> bool:
        """Tell whether it asks sooner than it was told to."""
        return self.polled_at is not None and now < self.polled_at + self.interval

    def note_polls(self, now: datetime, polls: int) -> None:
        """Note that it asked, several times at one moment: all but the first of those are early."""
        early = polls if self.is_early(now) else polls - 1
        self.polled_at = self.polled_at if early == polls else now
        self.interval += early * BETWEEN_POLLS


def new_browser(cookie: str, key: int, epoch: int, now: datetime, *, is_kept: bool) -> Browser:
    """Return what is known of a browser in which somebody has just signed in."""
    return Browser(cookie, key, epoch, is_kept, now, now + IDLE_OF[is_kept], now + ABSOLUTE_OF[is_kept])
