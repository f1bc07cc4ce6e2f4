"""Forms of the pages that act for who is signed in: only the page that this browser was shown may send them."""

import hmac
from typing import Final

from fastapi import Request

from doorward.web.cookies import Cookie, Cookies

_SAME: Final = "same-origin"
_OF_NO_SESSION: Final = frozenset({"sign_in", "second_factor"})
"""Forms that work for any user who has signed in meanwhile, in another tab."""


class OwnForms:
    """Makes the hidden value of a form, and checks it when it comes back."""

    def __init__(self, cookies: Cookies, origin: str, key: bytes, previous_key: bytes | None = None) -> None:
        """Take the cookies, the origin of the service, the MAC key, and the one before it, which still counts."""
        self._cookies = cookies
        self._origin = origin
        self._keys = (key,) if previous_key is None else (key, previous_key)

    def token(self, request: Request, browser: str, form: str) -> str:
        """Return the hidden value of a form for this browser, and for who is signed in there."""
        return self._mac(self._keys[0], request, browser, form)

    def is_own(self, request: Request, form: str, token: str) -> bool:
        """Tell whether a form comes from the page that this browser was shown.

        Browsers say which site a form comes from (Fetch Metadata), older ones from which origin. A page of another
        site knows neither the cookie nor the value.
        """
        browser = self._cookies.read(request, Cookie.BROWSER)
        if not browser or not token.isascii() or not self._is_of_this_site(request):
            return False
        return any(hmac.compare_digest(token, self._mac(key, request, browser, form)) for key in self._keys)

    def _is_of_this_site(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        return site == _SAME if site is not None else request.headers.get("origin") == self._origin

    def _mac(self, key: bytes, request: Request, browser: str, form: str) -> str:
        session = "" if form in _OF_NO_SESSION else self._cookies.read(request, Cookie.SESSION) or ""
        content = f"{form}\n{browser}\n{session}".encode("utf-8", "surrogatepass")
        return hmac.new(key, content, "sha256").hexdigest()
