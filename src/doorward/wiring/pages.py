"""Build the HTML pages from the settings. They exist if mail is configured, whose links lead to them.

The page that accepts an invitation also exists without mail if ``PUBLIC_URL`` is set, because ``create-admin`` prints
a link to it. The sign-in pages, and those behind them, need the OpenID provider: ``PUBLIC_URL`` with https, or on this
machine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

from doorward.api.routing import Call
from doorward.core.frozen import frozen
from doorward.infrastructure.keys import PAGE_FORM_PURPOSE
from doorward.settings.brand import BrandSettings
from doorward.settings.config import Settings
from doorward.settings.web_addresses import split_public_address
from doorward.web.brand import ACCENT, Brand, read_logo
from doorward.web.page_features import PageFeatures
from doorward.wiring.keys import keys
from doorward.wiring.passkeys import has_passkeys

if TYPE_CHECKING:
    from doorward.api.problem_page import ShowProblem
    from doorward.web.rendering import Pages


@frozen
class Site:
    """The routes of the pages, and the page that shows errors; both empty if there are no pages."""

    calls: Sequence[Call] = ()
    show_problem: ShowProblem | None = None


def has_invitation_page(settings: Settings) -> bool:
    """Return whether the page that accepts invitations exists and has an address."""
    return settings.browsers.public_url is not None and importlib.util.find_spec("jinja2") is not None


def has_passkey_pages(settings: Settings) -> bool:
    """Return whether passkeys can be used and their pages can be rendered."""
    return has_passkeys(settings.browsers) and importlib.util.find_spec("jinja2") is not None


def create_site(settings: Settings, *, has_mail: bool) -> Site:
    """Return the pages. Raises ``ImportError`` if mail is configured without its extra, and ``BrandError``."""
    if not has_mail and not has_invitation_page(settings):
        return Site()
    from doorward.web import account_pages, assets, registration_by_mail_pages  # noqa: PLC0415 - an extra

    pages = _create_pages(settings)
    calls = [*assets.calls(pages), *_pages_with_cookies(settings, pages, has_mail=has_mail)]
    if has_mail:
        calls += [*account_pages.calls(pages), *registration_by_mail_pages.calls(pages)]
    else:
        calls += registration_by_mail_pages.invitation_calls(pages)
    return Site(calls, pages.problem)


def check_pages(settings: Settings, *, has_mail: bool) -> None:
    """Check the logo and the templates, if there are pages. Raises as ``create_site`` does."""
    if has_mail or has_invitation_page(settings):
        _create_pages(settings)


def _create_pages(settings: Settings) -> Pages:
    from doorward.infrastructure.template_cache import TemplateCache  # noqa: PLC0415 - an extra
    from doorward.web.rendering import TEMPLATES, Pages  # noqa: PLC0415 - as above

    return Pages(
        _brand(settings.brand),
        settings.brand.templates_dir,
        compiled=TemplateCache(TEMPLATES),
        has_sign_in=settings.browsers.provider_issuer is not None,
    )


def _brand(settings: BrandSettings) -> Brand:
    logo = None if settings.brand_logo_file is None else read_logo(settings.brand_logo_file)
    return Brand(settings.brand_name, settings.brand_color or ACCENT, logo)


def _pages_with_cookies(settings: Settings, pages: Pages, *, has_mail: bool) -> Sequence[Call]:
    """Return the routes of the sign-in pages and of those behind them; none if the OpenID provider is off."""
    issuer = settings.browsers.provider_issuer
    if issuer is None:
        return []
    from doorward.web import admin, login_providers, own, provider  # noqa: PLC0415 - an extra
    from doorward.web.cookies import Cookies  # noqa: PLC0415 - as above
    from doorward.web.form_tokens import FormTokens  # noqa: PLC0415 - as above
    from doorward.web.provider.pages import ProviderPages  # noqa: PLC0415 - as above

    origin, _ = split_public_address(issuer)
    cookies = Cookies(is_https=origin.startswith("https://"))
    features = PageFeatures(
        has_mail=has_mail,
        registers=settings.registration.registration == "open",
        has_passkeys=has_passkey_pages(settings),
        has_login_providers=bool(settings.logins.login_providers),
        remembers_devices=settings.second_factors.remembered_device_days > 0,
    )
    form_tokens = FormTokens(cookies, origin, *keys(settings.keys, PAGE_FORM_PURPOSE))
    with_cookies = ProviderPages(pages, cookies, form_tokens, features)
    calls = [*provider.calls(with_cookies), *own.calls(with_cookies), *admin.calls(with_cookies)]
    return [*calls, *login_providers.calls(with_cookies)] if features.has_login_providers else calls
