"""The pages that people sign in for, put together: second factors, and passkeys where there are any."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Response

from doorward.api.routing import Call
from doorward.web.account_pages import SHOWN, script
from doorward.web.own_page import OwnPage
from doorward.web.own_passkeys import OwnPasskeysPage
from doorward.web.own_second_factors import OwnSecondFactorsPage
from doorward.web.page_sessions import PageSessions
from doorward.web.passkey_pages import PasskeyForms
from doorward.web.rendering import Pages
from doorward.web.second_factor_pages import SecondFactorForms
from doorward.web.sign_in import SignIn


def calls(*, has_passkeys: bool) -> Sequence[Call]:
    """Return the calls. Raises ``ImportError`` without the package ``jinja2``."""
    pages = Pages()
    factors, passkeys = OwnSecondFactorsPage(pages), OwnPasskeysPage(pages)
    own_pages: Sequence[OwnPage] = [factors, passkeys] if has_passkeys else [factors]
    sign_in = SignIn(pages, own_pages)
    sessions = PageSessions(pages, sign_in)
    declared = [
        *sign_in.calls(),
        *sessions.calls(own_pages),
        *SecondFactorForms(pages, factors, sessions).calls(),
        *(PasskeyForms(passkeys, sessions).calls() if has_passkeys else ()),
        *(script(name) for name in ("passkeys.js", "recovery-codes.js")),
    ]
    return [*declared, *_opened_by_themselves(declared, sign_in.shows(factors))]


def _opened_by_themselves(calls: Sequence[Call], show_sign_in: Callable[..., Awaitable[Response]]) -> Sequence[Call]:
    """Return what the addresses of forms show when they are opened from the browser's history: the sign-in."""
    shown = {call.path for call in calls if call.method == "GET"}
    return [Call("GET", call.path, show_sign_in, SHOWN) for call in calls if call.path not in shown]
