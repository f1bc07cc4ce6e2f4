"""A browser without scripts: it stores cookies, submits forms, and follows redirects of pages."""

from typing import Any, Final
from urllib.parse import urlencode

import httpx

from development.client import PASSWORD, Person
from development.pages import OWN_SITE, answer_of, attribute, forms_of, forwarded
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.pkce import challenge_of
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, TOKEN, Machine, Provider

CALLBACK: Final = "https://app.example/callback"
AUTHORIZE: Final = "/oauth/authorize"
SIGN_IN: Final = "/account/sign-in"
LOGOUT: Final = "/oauth/logout"
VERIFIER: Final = "a-verifier-of-this-test" * 2


class Browser:
    """One browser, with its own cookies, at the service's address."""

    def __init__(self, provider: Provider, **headers: str) -> None:
        transport = httpx.ASGITransport(provider.service.app, raise_app_exceptions=False, client=("203.0.113.7", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url=ISSUER, headers=headers)

    async def get(self, address: str, **parameters: str) -> httpx.Response:
        """Get a page, and follow redirects within the service."""
        answer = await self.http.get(address, params=parameters or None)
        while answer.status_code == 303:
            answer = await self.http.get(answer.headers["location"])
        return answer

    async def send(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Submit the last form of a page with the user's input."""
        action, hidden = forms_of(page)[-1]
        address = str(page.url.join(action))
        return await self.http.post(address, data={**hidden, **fields}, headers=OWN_SITE)

    async def sign_in(self, page: httpx.Response, person: Person, **fields: str) -> httpx.Response:
        """Sign in on the page, and follow its redirect."""
        filled = {"username": person.username, "password": PASSWORD, "stay": "", **fields}
        answer = await self.send(page, **filled)
        assert answer.status_code == 200, answer.text
        return await self.get(forwarded(answer))


class Application:
    """A client that redirects browsers to sign in."""

    def __init__(self, provider: Provider, machine: Machine) -> None:
        self.provider = provider
        self.machine = machine
        self.id = machine.id

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a valid request with these changes; None omits a parameter."""
        asked = {
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**asked, **changes}.items() if value is not None}

    def address(self, **changes: str | None) -> str:
        return f"{AUTHORIZE}?{urlencode(self.parameters(**changes))}"

    async def code(self, browser: Browser, person: Person, **changes: str | None) -> str:
        """Return the code of a person who signs in and consents."""
        page = await browser.get(self.address(**changes))
        if "/sign-in" in str(page.url):
            page = await browser.sign_in(page, person)
        address = page.headers.get("location")
        if address is None:
            address = forwarded(await browser.send(page, decision="allow"))
        answer = answer_of(address)
        assert "code" in answer, answer
        return answer["code"]

    async def exchange(self, code: str, **changes: str | None) -> httpx.Response:
        """Exchange a code; None omits a parameter."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        given = {name: value for name, value in form.items() if value is not None}
        if self.machine.secret:
            return await self.machine.post(TOKEN, **given)
        return await self.provider.post(TOKEN, {"client_id": self.id, **given})

    async def tokens(self, browser: Browser, person: Person, **changes: str | None) -> dict[str, Any]:
        """Return the token response for a person."""
        answer = await self.exchange(await self.code(browser, person, **changes))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def refresh(self, refresh_token: str, **form: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
        return await self.machine.post(TOKEN, **form)

    async def refresh_publicly(self, refresh_token: str) -> httpx.Response:
        """Refresh as a client without a secret."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.id}
        return await self.provider.post(TOKEN, form)


async def application(provider: Provider, **content: Any) -> Application:
    """Register an application."""
    made = await provider.clients.create(
        OPERATOR,
        ClientContent(
            **{
                "name": "The App",
                "grant_types": ("authorization_code", "refresh_token"),
                "scopes": ("email", "items:read", "offline_access", "openid", "profile"),
                "redirect_uris": (CALLBACK,),
                **content,
            }
        ),
    )
    return Application(provider, Machine(provider, made.client, made.secret or ""))


async def is_signed_in(browser: Browser, app: Application) -> bool:
    """Return whether a user is signed in in this browser."""
    answer = await browser.get(app.address(prompt="none"))
    return answer_of(answer.headers["location"]).get("error") != "login_required"


async def signed_in(browser: Browser, provider: Provider, **fields: str) -> Person:
    """Sign in a new user in this browser."""
    person = await provider.service.register()
    page = await browser.get(SIGN_IN)
    filled = {"username": person.username, "password": PASSWORD, "stay": "", **fields}
    answer = await browser.send(page, **filled)
    assert "You are signed in." in answer.text
    return person


__all__ = [
    "AUTHORIZE",
    "CALLBACK",
    "LOGOUT",
    "OWN_SITE",
    "SIGN_IN",
    "VERIFIER",
    "Application",
    "Browser",
    "answer_of",
    "application",
    "attribute",
    "forms_of",
    "forwarded",
    "is_signed_in",
    "signed_in",
]
