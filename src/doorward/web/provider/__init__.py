"""The pages of the OpenID provider: a person signs in, agrees to what an application may do, and signs out."""

from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.web.cookies import Cookies
from doorward.web.own_forms import OwnForms
from doorward.web.provider import authorize, consent, device, logout
from doorward.web.provider.federated import FederatedPages
from doorward.web.provider.identities import IdentitiesPage
from doorward.web.provider.pages import ProviderPages, submit_script
from doorward.web.provider.sign_in import SignInPages
from doorward.web.rendering import Pages


def calls(cookies: Cookies, forms: OwnForms, *, has_providers: bool) -> Sequence[Call]:
    """Return the calls. Raises ``ImportError`` without the package ``jinja2``.

    ``has_providers``: people can sign in with other services, too.
    """
    pages = ProviderPages(Pages(), cookies, forms)
    sign_in, identities = SignInPages(pages), IdentitiesPage(pages)
    federated = [*identities.calls(), *FederatedPages(pages, sign_in, identities).calls()] if has_providers else []
    return [
        *authorize.calls(pages),
        *sign_in.calls(),
        *federated,
        *consent.calls(pages),
        *device.calls(pages),
        *logout.calls(pages),
        submit_script(),
    ]
