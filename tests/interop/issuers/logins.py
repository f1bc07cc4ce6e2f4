"""The service with a login provider, and the users' actions with it: linking, returning, signing in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from development.client import PASSWORD
from doorward.infrastructure.migrations import migrate
from tests.integration.federation.visitors import IDENTITIES, setting, signed_in_name
from tests.integration.oauth.browsers import OWN_SITE, SIGN_IN, Browser, forms_of, forwarded
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, run_service, settings_of_the_ring

BACK: Final = "/account/back-from-acme"
SignIn = Callable[[str, str], dict[str, str]]
"""Signs a person in at the provider's authorization URL; returns the parameters of the redirect back."""


@asynccontextmanager
async def service_with(issuer: str, secret: str, database_url: str, key: str) -> AsyncIterator[Provider]:
    """Run the service, with the client id ``doorward`` at the provider."""
    migrate(database_url)
    entry = {
        "name": "acme",
        "label": "ACME",
        "issuer": issuer,
        "client_id": "doorward",
        "client_secret": secret,
        "allow_private_addresses": True,
    }
    changes = {"public_url": ISSUER, "login_providers": setting(entry)}
    clock = FakeClock()
    clock.advance(datetime.now(UTC) - clock.now())
    async with run_service(settings_of_the_ring(database_url, key, changes), clock) as service:
        yield Provider(service)


async def check_linking_and_signing_in(doorward: Provider, sign_in: SignIn, name: str, stranger: str) -> None:
    """Link an identity, sign in with it, and get refused as a stranger. A code works once."""
    browser, person = Browser(doorward), await doorward.service.register()
    doorward.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    password = forms_of(await browser.get(SIGN_IN))[0][1] | {"username": person.username, "password": PASSWORD}
    await browser.http.post(SIGN_IN, data=password, headers=OWN_SITE)
    form = next(fields for _, fields in forms_of(await browser.get(IDENTITIES)) if fields.get("provider") == "acme")
    sent = await browser.http.post("/account/link-identity", data=form, headers=OWN_SITE)
    linked = await browser.get(BACK, **sign_in(forwarded(sent), name))
    assert "The service is linked." in linked.text, linked.text

    for subject, expected in ((name, person.username), (stranger, "")):
        elsewhere = Browser(doorward)
        page = await elsewhere.get(SIGN_IN)
        button = next(fields for action, fields in forms_of(page) if action.endswith("/with-acme"))
        sent = await elsewhere.http.post("/account/with-acme", data=button, headers=OWN_SITE)
        answer = sign_in(forwarded(sent), subject)
        came = await elsewhere.http.get(BACK, params=answer)
        assert came.status_code == (200 if expected else 422), came.text
        assert await signed_in_name(elsewhere) == expected
        assert (await elsewhere.http.get(BACK, params=answer)).status_code == 422
