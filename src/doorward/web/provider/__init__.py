"""The pages of the OpenID provider: a person signs in, agrees to what an application may do, and signs out."""

from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.web.cookies import Cookies
from doorward.web.own_forms import OwnForms
from doorward.web.provider import authorize, consent, device, logout, sign_in
from doorward.web.provider.pages import ProviderPages, submit_script
from doorward.web.rendering import Pages


def calls(cookies: Cookies, forms: OwnForms) -> Sequence[Call]:
    """Return the calls. Raises ``ImportError`` without the package ``jinja2``."""
    pages = ProviderPages(Pages(), cookies, forms)
    return [
        *authorize.calls(pages),
        *sign_in.SignInPages(pages).calls(),
        *consent.calls(pages),
        *device.calls(pages),
        *logout.calls(pages),
        submit_script(),
    ]
