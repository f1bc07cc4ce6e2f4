"""The cookies of the pages: host-only, HttpOnly, and SameSite=Lax."""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Final

from fastapi import Request, Response

DEVICE_KEPT: Final = timedelta(days=180)
_BROWSER_BYTES: Final = 16


class Cookie(StrEnum):
    """The cookies, by their purpose."""

    SESSION = "doorward_session"
    """The session of the signed-in user."""
    DEVICE = "doorward_device"
    """The token that identifies a known device of the user."""
    BROWSER = "doorward_browser"
    """A random value that binds to this browser, also before the sign-in: the forms that it shows, the pushed
    authorization request that it continues, and the login at another provider that it began."""
    FLASH_MESSAGE = "doorward_flash_message"
    """The key of the text with the result of a form. The next page shows it and removes the cookie."""


class Cookies:
    """Reads and sets the cookies."""

    def __init__(self, *, is_https: bool) -> None:
        """Set the prefix. Without https, as on ``http://localhost``, browsers reject ``__Host-`` and ``Secure``."""
        self._is_https = is_https
        self._prefix = "__Host-" if is_https else ""

    def read(self, request: Request, cookie: Cookie) -> str | None:
        """Return the value that the browser sent."""
        return request.cookies.get(f"{self._prefix}{cookie}")

    def set(self, response: Response, cookie: Cookie, value: str, kept_for: timedelta | None = None) -> None:
        """Set a cookie for ``kept_for``, or without it until the browser is closed."""
        response.set_cookie(
            f"{self._prefix}{cookie}",
            value,
            max_age=None if kept_for is None else int(kept_for.total_seconds()),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )

    def remove(self, response: Response, cookie: Cookie) -> None:
        """Remove a cookie from the browser."""
        self.set(response, cookie, "", timedelta(0))

    def browser(self, request: Request) -> str:
        """Return the value of the cookie ``BROWSER``, or a new value that the response must set."""
        return self.read(request, Cookie.BROWSER) or secrets.token_urlsafe(_BROWSER_BYTES)
