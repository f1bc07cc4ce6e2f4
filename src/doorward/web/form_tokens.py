"""CSRF protection for forms that act for the signed-in user: only a page shown to this browser may send them."""

import hmac
from typing import Final

from fastapi import Request

from doorward.web.cookies import Cookie, Cookies

_SAME: Final = "same-origin"
_WITHOUT_SESSION: Final = frozenset({"sign_in", "second_factor"})
"""Forms whose token is not bound to the session: they stay valid if a user signs in in another tab meanwhile."""


class FormTokens:
    """Creates and checks the hidden token of a form."""

    def __init__(self, cookies: Cookies, origin: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Set the cookies, the origin of the service, the MAC key, and the previous key, which is still accepted."""
        self._cookies = cookies
        self._origin = origin
        self._keys = (key,) if previous_key is None else (key, previous_key)

    def create(self, request: Request, browser: str, form: str) -> str:
        """Return the token of a form for this browser and its session."""
        return self._mac(self._keys[0], request, browser, form)

    def is_valid(self, request: Request, form: str, token: str) -> bool:
        """Return whether a form comes from a page that was shown to this browser.

        The request must be same-origin by Sec-Fetch-Site (Fetch Metadata), or by Origin in older browsers. A page of
        another site knows neither the cookie nor the token.
        """
        browser = self._cookies.read(request, Cookie.BROWSER)
        if not browser or not token.isascii() or not self._is_of_this_site(request):
            return False
        return any(hmac.compare_digest(token, self._mac(key, request, browser, form)) for key in self._keys)

    def _is_of_this_site(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        return site == _SAME if site is not None else request.headers.get("origin") == self._origin

    def _mac(self, key: bytes, request: Request, browser: str, form: str) -> str:
        session = "" if form in _WITHOUT_SESSION else self._cookies.read(request, Cookie.SESSION) or ""
        content = f"{form}\n{browser}\n{session}".encode("utf-8", "surrogatepass")
        return hmac.new(key, content, "sha256").hexdigest()
