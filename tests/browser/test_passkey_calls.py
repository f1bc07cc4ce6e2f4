"""The API of passkeys, called by an integrator's page in Chromium with the example of docs/passkeys.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from development.client import ACCOUNT, AUTH
from tests.architecture.sources import ROOT
from tests.browser.passkeys import KEY, PHONE, Device, PasskeySite, device
from tests.integration.service import claims_of

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from development.client import Person

EXAMPLE: Final = re.compile(r"^```javascript\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOUCHED: Final = {**KEY, "hasUserVerification": False, "isUserVerified": False}
"""A key that is only touched, without a PIN or a fingerprint."""

POST: Final = """async ([path, body, token]) => {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body), headers });
  return { status: answer.status, body: await answer.json() };
}"""
CREATE: Final = """async (options) => (await navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON()"""
GET: Final = """async (options) => (await navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON()"""


def example() -> str:
    """Return the example of the page, as a function that returns its variable ``credential``."""
    page = (ROOT / "docs" / "passkeys.md").read_text(encoding="utf-8")
    (code,) = EXAMPLE.findall(page)
    return f"async () => {{\n{code}\nreturn credential;\n}}"


class Integrator:
    """A page at the service's own origin, and its calls."""

    def __init__(self, one: Device, site: PasskeySite) -> None:
        self._one = one
        self._site = site

    async def post(self, path: str, body: dict[str, Any], token: str = "") -> tuple[int, dict[str, Any]]:
        answer = await self._one.page.evaluate(POST, [path, body, token])
        return answer["status"], answer["body"]

    async def open(self) -> None:
        """Open a page of the origin that may call the API, unlike the account pages."""
        await self._one.page.goto(f"{self._site.url}/docs")

    async def register(self, person: Person) -> None:
        """Register a passkey of this device in a session that began with the password."""
        token = (await self._site.api.log_in(person)).access
        status, options = await self.post(f"{ACCOUNT}/passkeys/options", {}, token)
        assert status == 200, options
        credential = await self._one.page.evaluate(CREATE, options)
        status, added = await self.post(f"{ACCOUNT}/passkeys", {"credential": credential}, token)
        assert (status, len(added["recovery_codes"])) == (201, 10)

    async def lose_the_pin(self) -> None:
        """Move the passkey to an authenticator that is only touched: Chromium cannot register a passkey on it."""
        (credential,) = await self._one.credentials()
        old, session = self._one.authenticator, self._one.session
        await session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": old})
        options = {**TOUCHED, "automaticPresenceSimulation": True}
        added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._one.authenticator = added["authenticatorId"]
        moved = {"authenticatorId": self._one.authenticator, "credential": credential}
        await session.send("WebAuthn.addCredential", moved)

    async def waiting_login(self, person: Person) -> str:
        """Log in with the password; return the token of the login, which waits for a second factor."""
        answer = await self._site.api.post_login(person)
        assert (answer.status_code, answer.json()["methods"]) == (403, ["passkey", "recovery-code"])
        token: str = answer.json()["mfa_token"]
        return token

    async def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        credential: dict[str, Any] = await self._one.page.evaluate(GET, options)
        return credential

    async def run_example(self) -> dict[str, Any]:
        credential: dict[str, Any] = await self._one.page.evaluate(example())
        return credential


def session_of(site: PasskeySite, access_token: str) -> tuple[int, list[str]]:
    """Return `acr` and `amr` of a session, after comparison with its token."""
    claims = claims_of(access_token)
    with psycopg.connect(site.database_url) as connection:
        found = connection.execute("SELECT acr, amr FROM sessions WHERE id = %s", (claims["sid"],)).fetchone()
    assert found is not None
    level = "phr" if {"pop", "user"} <= set(found[1]) else str(found[0])
    assert (claims["acr"], claims["amr"]) == (level, found[1])
    return found


async def test_the_documented_example_signs_in(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser, PHONE) as one:
        integrator = Integrator(one, home)
        await integrator.open()
        await integrator.register(person)
        credential = await integrator.run_example()
        status, pair = await integrator.post(f"{AUTH}/passkeys/token", {"credential": credential})
        assert (status, pair["token_type"]) == (200, "bearer")
        assert session_of(home, pair["access_token"]) == (2, ["pop", "user", "mfa"])
        assert (await home.api.get_me(pair["access_token"])).json()["username"] == person.username


async def test_a_key_without_user_verification_is_a_second_factor_but_not_a_login(
    home: PasskeySite, browser: Browser
) -> None:
    from playwright.async_api import Error  # noqa: PLC0415 - it comes with the group `browser`

    person = await home.person()
    async with device(browser, KEY) as one:
        integrator = Integrator(one, home)
        await integrator.open()
        await integrator.register(person)
        await integrator.lose_the_pin()
        # The key is accepted after the password.
        token = await integrator.waiting_login(person)
        status, options = await integrator.post(f"{AUTH}/passkeys/options", {"mfa_token": token})
        assert (status, options["userVerification"], len(options["allowCredentials"])) == (200, "preferred", 1)
        body = {"mfa_token": token, "credential": await integrator.sign(options)}
        status, pair = await integrator.post(f"{AUTH}/second-factor/passkey", body)
        assert status == 200, pair
        assert session_of(home, pair["access_token"]) == (2, ["pwd", "pop", "mfa"])
        # Without a password, the browser does not use the key.
        with pytest.raises(Error, match="NotAllowedError"):
            await integrator.run_example()
        # The service refuses a signature that was made with the options of a second factor.
        _, alone = await integrator.post(f"{AUTH}/passkeys/options", {})
        credential = await integrator.sign({**options, "challenge": alone["challenge"]})
        status, refusal = await integrator.post(f"{AUTH}/passkeys/token", {"credential": credential})
        assert (status, refusal["code"]) == (401, "invalid_passkey")
