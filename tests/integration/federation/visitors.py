"""A service with two login providers, and a browser that signs in there and returns."""

import json
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from development.client import PASSWORD, Person
from doorward.api.services import Services
from tests.integration.federation.login_issuer import CODE, LoginIssuer
from tests.integration.oauth.browsers import OWN_SITE, SIGN_IN, Browser, forms_of, forwarded
from tests.integration.oauth.provider import Provider

IDENTITIES: Final = "/account/identities"


class Visitors:
    """The service, and its providers: ``acme`` and ``other``."""

    def __init__(self, provider: Provider, acme: LoginIssuer, other: LoginIssuer) -> None:
        self.provider = provider
        self.service = provider.service
        self.acme = acme
        self.other = other

    def browser(self) -> Browser:
        return Browser(self.provider)

    @property
    def services(self) -> Services:
        services: Services = self.service.app.state.services
        return services

    async def press(self, browser: Browser, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Submit the form of a page with this action."""
        hidden = next(fields for each, fields in forms_of(page) if each.endswith(f"/{action}"))
        return await browser.http.post(f"/account/{action}", data={**hidden, **fields}, headers=OWN_SITE)

    async def go(self, browser: Browser, next_address: str = "", name: str = "acme") -> dict[str, str]:
        """Press the button of a provider; return the parameters of the authorization request."""
        page = await browser.get(SIGN_IN, **({"next": next_address} if next_address else {}))
        sent = await self.press(browser, page, f"with-{name}")
        return self.issuer(name).asked_at(forwarded(sent))

    async def back(self, browser: Browser, asked: dict[str, str], name: str = "acme", **changes: Any) -> httpx.Response:
        """Return from a provider. A parameter that is None is omitted."""
        answer = {"code": CODE, "state": asked["state"], "iss": self.issuer(name).url, **changes}
        address = urlsplit(asked["redirect_uri"])
        given = {key: value for key, value in answer.items() if value is not None}
        return await browser.http.get(
            address.path.removesuffix("acme") + name if name != "acme" else address.path, params=given
        )

    def issuer(self, name: str) -> LoginIssuer:
        return self.acme if name == "acme" else self.other

    async def sign_in(self, browser: Browser) -> httpx.Response:
        return await self.back(browser, await self.go(browser))

    async def owner(self) -> Person:
        """Register a user with a verified address."""
        person = await self.service.register()
        self.verify(person)
        return person

    def verify(self, person: Person) -> None:
        self.provider.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)

    async def person(self) -> Person:
        """Register a user whose identity is the next one that ``acme`` signs in."""
        person = await self.service.register()
        self.link(person)
        return person

    def link(self, person: Person) -> str:
        subject = f"subject-{uuid4()}"
        self.acme.claims["sub"] = subject
        self.provider.sql(
            "INSERT INTO federated_identities (issuer, subject, user_id, created_at) VALUES (%s, %s, %s, now())",
            self.acme.url,
            subject,
            person.id,
        )
        return subject

    async def signed_in(self, browser: Browser, person: Person) -> None:
        """Sign a person in with the password."""
        page = await browser.get(SIGN_IN)
        answer = await self.press(browser, page, "sign-in", username=person.username, password=PASSWORD, stay="")
        assert "You are signed in." in answer.text, answer.text

    def linked(self, person: Person) -> list[tuple[str, str]]:
        rows = self.provider.sql("SELECT issuer, subject FROM federated_identities WHERE user_id = %s", person.id)
        return [(row["issuer"], row["subject"]) for row in rows]


async def signed_in_name(browser: Browser) -> str:
    """Return the user name on the browser's pages; empty if no user is signed in."""
    page = await browser.http.get(SIGN_IN)
    return page.text.partition("You are signed in as <strong>")[2].partition("<")[0]


def setting(*entries: dict[str, Any]) -> str:
    return json.dumps(entries)
