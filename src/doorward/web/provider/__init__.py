"""The pages of the OpenID provider: sign-in, consent to applications, and sign-out."""

from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.web.assets import script
from doorward.web.provider import authorize, choose, consent, device, logout, register, sign_in
from doorward.web.provider.pages import ProviderPages


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    return [
        *authorize.calls(pages),
        *sign_in.SignInPages(pages).calls(),
        *register.calls(pages),
        *choose.calls(pages),
        *consent.calls(pages),
        *device.calls(pages),
        *logout.calls(pages),
        script("submit.js"),
    ]
