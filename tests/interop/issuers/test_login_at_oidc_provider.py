"""People who sign in with oidc-provider, an OpenID provider for Node: they link their identity, and come in by it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests

from development.client import PASSWORD
from doorward.infrastructure.migrations import migrate
from tests.integration.federation.visitors import IDENTITIES, setting, who
from tests.integration.oauth.browsers import OWN_SITE, SIGN_IN, Browser, forms_of, forwarded
from tests.integration.oauth.provider import ISSUER
from tests.integration.oauth.provider import Provider as Doorward
from tests.integration.service import FakeClock, run_service, settings_of_the_ring
from tests.interop.issuers.node_provider import SECRET, Provider, node_provider, submit
from tests.interop.issuers.service import CALL_SECONDS

_KEY: Final = f"of-this-run-{uuid4()}"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with node_provider(f"{ISSUER}/account/back-from-acme") as running:
        yield running


@pytest.fixture(scope="module")
async def doorward(provider: Provider, database_url: str) -> AsyncIterator[Doorward]:
    migrate(database_url)
    entry = {
        "name": "acme",
        "label": "ACME",
        "issuer": provider.issuer,
        "client_id": "doorward",
        "client_secret": SECRET,
        "allow_private_addresses": True,
    }
    changes = {"public_url": ISSUER, "background": "off", "login_providers": setting(entry)}
    clock = FakeClock()
    clock.advance(datetime.now(UTC) - clock.now())
    async with run_service(settings_of_the_ring(database_url, _KEY, changes), clock) as service:
        yield Doorward(service)


def signed_in_there(address: str, person: str) -> dict[str, str]:
    """Sign in on the provider's own pages; return with what it sends the browser back."""
    browser = requests.Session()
    page = browser.get(address, timeout=CALL_SECONDS)
    page = submit(browser, page, {"prompt": "login", "login": person, "password": "any"})
    redirect = submit(browser, page, {"prompt": "consent"}, follows=False)
    while not redirect.headers["location"].startswith(ISSUER):
        redirect = browser.get(redirect.headers["location"], allow_redirects=False, timeout=CALL_SECONDS)
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query))


async def test_a_person_links_an_identity_and_signs_in_with_it(doorward: Doorward) -> None:
    browser, person, name = Browser(doorward), await doorward.service.register(), f"ada-{uuid4().hex}"
    page = await browser.get(SIGN_IN)
    password = forms_of(page)[0][1] | {"username": person.username, "password": PASSWORD}
    await browser.http.post(SIGN_IN, data=password, headers=OWN_SITE)
    form = next(fields for _, fields in forms_of(await browser.get(IDENTITIES)) if fields.get("provider") == "acme")
    sent = await browser.http.post("/account/link-identity", data=form, headers=OWN_SITE)
    linked = await browser.get("/account/back-from-acme", **signed_in_there(forwarded(sent), name))
    assert "The service is linked." in linked.text, linked.text

    for subject, expected in ((name, person.username), (f"eve-{uuid4().hex}", "")):
        elsewhere = Browser(doorward)
        page = await elsewhere.get(SIGN_IN)
        form = next(fields for action, fields in forms_of(page) if action.endswith("/with-acme"))
        sent = await elsewhere.http.post("/account/with-acme", data=form, headers=OWN_SITE)
        answer = signed_in_there(forwarded(sent), subject)
        came = await elsewhere.http.get("/account/back-from-acme", params=answer)
        assert came.status_code == (200 if expected else 422)
        assert await who(elsewhere) == expected
        # A code is good for once.
        again = await elsewhere.http.get("/account/back-from-acme", params=answer)
        assert again.status_code == 422
