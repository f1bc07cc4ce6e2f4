"""The pages for people. They exist where mail does: its links lead to them, and its extra has what renders them.

The page that accepts an invitation exists without mail, too, where it has an address: ``create-admin`` prints its link.
So do those that people sign in for.
"""

import importlib.util
from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.infrastructure.keys import PAGE_FORM_PURPOSE
from doorward.settings.config import Settings
from doorward.settings.web_addresses import split_public_address
from doorward.wiring.keys import keys
from doorward.wiring.passkeys import has_passkeys


def has_invitation_page(settings: Settings) -> bool:
    """Tell whether a link to the page of invitations leads to it."""
    return settings.browsers.public_url is not None and importlib.util.find_spec("jinja2") is not None


def has_passkey_pages(settings: Settings) -> bool:
    """Tell whether there are passkeys, and what renders their pages."""
    return has_passkeys(settings.browsers) and importlib.util.find_spec("jinja2") is not None


def create_pages(settings: Settings, *, has_mail: bool) -> Sequence[Call]:
    """Return the calls of the pages. Raises ``ImportError`` where mail needs them and the extra is missing."""
    if not has_mail and not has_invitation_page(settings):
        return []
    from doorward.web import account_pages, joining_pages, own_account_pages  # noqa: PLC0415 - an extra

    own = [*own_account_pages.calls(has_passkeys=has_passkey_pages(settings)), *_provider_pages(settings)]
    if not has_mail:
        return [*account_pages.assets(), *joining_pages.invitation_calls(), *own]
    return [*account_pages.calls(), *joining_pages.calls(), *own]


def _provider_pages(settings: Settings) -> Sequence[Call]:
    """Return the calls of the OpenID provider's pages; none where it is off."""
    issuer = settings.browsers.provider_issuer
    if issuer is None:
        return []
    from doorward.web import provider  # noqa: PLC0415 - an extra
    from doorward.web.cookies import Cookies  # noqa: PLC0415 - as above
    from doorward.web.own_forms import OwnForms  # noqa: PLC0415 - as above

    origin, _ = split_public_address(issuer)
    cookies = Cookies(is_https=origin.startswith("https://"))
    forms = OwnForms(cookies, origin, *keys(settings.keys, PAGE_FORM_PURPOSE))
    return provider.calls(cookies, forms, has_providers=bool(settings.logins.login_providers))
