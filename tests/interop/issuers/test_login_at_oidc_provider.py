"""A person links an identity at oidc-provider, an OpenID provider for Node, and signs in with it."""

from collections.abc import AsyncIterator, Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests

from tests.integration.oauth.provider import ISSUER
from tests.integration.oauth.provider import Provider as Doorward
from tests.interop.issuers.logins import BACK, check_linking_and_signing_in, service_with
from tests.interop.issuers.node_provider import SECRET, Provider, node_provider, submit
from tests.interop.issuers.service import CALL_SECONDS

_KEY: Final = f"of-this-run-{uuid4()}"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with node_provider(f"{ISSUER}{BACK}") as running:
        yield running


@pytest.fixture(scope="module")
async def doorward(provider: Provider, database_url: str) -> AsyncIterator[Doorward]:
    async with service_with(provider.issuer, SECRET, database_url, _KEY) as running:
        yield running


def signed_in_there(address: str, person: str) -> dict[str, str]:
    """Sign in on the provider's own pages; return the parameters of the redirect back."""
    browser = requests.Session()
    page = browser.get(address, timeout=CALL_SECONDS)
    page = submit(browser, page, {"prompt": "login", "login": person, "password": "any"})
    redirect = submit(browser, page, {"prompt": "consent"}, follows=False)
    while not redirect.headers["location"].startswith(ISSUER):
        redirect = browser.get(redirect.headers["location"], allow_redirects=False, timeout=CALL_SECONDS)
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query))


async def test_a_person_links_an_identity_and_signs_in_with_it(doorward: Doorward) -> None:
    names = (f"ada-{uuid4().hex}", f"eve-{uuid4().hex}")
    await check_linking_and_signing_in(doorward, signed_in_there, *names)
