"""What browsers have in the walks: sessions on the service's own pages, and codes for an application."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

IDLE_OF: Final = {False: timedelta(hours=12), True: timedelta(days=30)}
ABSOLUTE_OF: Final = {False: timedelta(days=30), True: timedelta(days=90)}
"""By whether the person stays signed in."""

USE_STORED_EVERY: Final = timedelta(minutes=1)
LIFE_OF_CODE: Final = timedelta(seconds=60)


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


def new_browser(cookie: str, key: int, epoch: int, now: datetime, *, is_kept: bool) -> Browser:
    """Return what is known of a browser in which somebody has just signed in."""
    return Browser(cookie, key, epoch, is_kept, now, now + IDLE_OF[is_kept], now + ABSOLUTE_OF[is_kept])
