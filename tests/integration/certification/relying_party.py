"""The certification suite as an application: its requests, and its checks of every response."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwk, jwt

from development.client import Person
from tests.integration.oauth.browsers import AUTHORIZE, CALLBACK, Application, Browser, answer_of, forms_of, forwarded
from tests.integration.oauth.provider import ISSUER, Provider

BYE: Final = "https://app.example/bye"
LONGEST_SUBJECT: Final = 255
REDIRECTS: Final = (302, 303)


@dataclass(frozen=True)
class Suite:
    """The suite's configuration before a plan starts."""

    provider: Provider
    app: Application
    second: Application
    posting: Application
    """A client that authenticates with client_secret_post."""


@dataclass(frozen=True)
class AuthorizationResult:
    """The result of an authorization request."""

    asked: tuple[str, ...]
    """The pages that were shown to the person."""

    answer: dict[str, str]
    """The parameters at the redirect URI; empty if the browser was not redirected."""

    page: httpx.Response


class RelyingParty:
    """A person with a browser, who signs in for the suite."""

    def __init__(self, suite: Suite, person: Person, app: Application, mode: str | None) -> None:
        self.provider = suite.provider
        self.person = person
        self.app = app
        self.mode = mode
        self.browser = Browser(suite.provider)

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """Return the suite's default parameters with these changes; None omits a parameter."""
        plain = {"code_challenge": None, "code_challenge_method": None, "response_mode": self.mode}
        return self.app.parameters(**{**plain, **changes})

    async def ask(self, **changes: str | None) -> AuthorizationResult:
        """Send the browser to the authorization endpoint, and complete its pages."""
        return await self.follow(f"{AUTHORIZE}?{urlencode(self.parameters(**changes))}")

    async def follow(self, address: str) -> AuthorizationResult:
        page, asked = await self.browser.get(address), []
        if page.url.path == "/account/sign-in":
            asked.append("sign-in")
            page = await self.browser.sign_in(page, self.person)
        if page.url.path == "/account/consent":
            asked.append("consent")
            page = await self.browser.send(page, decision="allow")
        return AuthorizationResult(tuple(asked), self._answer(page), page)

    def _answer(self, page: httpx.Response) -> dict[str, str]:
        """Return the parameters that the application receives, in the plan's response mode."""
        if page.status_code >= 400:
            return {}
        if self.mode == "form_post":
            ((action, fields),) = forms_of(page)
            assert action == CALLBACK
            return {name: value for name, value in fields.items() if name}
        address = page.headers["location"] if page.status_code in REDIRECTS else forwarded(page)
        assert address.startswith(f"{CALLBACK}?")
        return answer_of(address)

    async def code(self, **changes: str | None) -> str:
        """Return a code, after the checks of every successful response: state, issuer, no other parameters."""
        result = await self.ask(**changes)
        return self.checked_code(result)

    def checked_code(self, result: AuthorizationResult) -> str:
        assert set(result.answer) == {"code", "state", "iss"}, result.answer
        assert (result.answer["state"], result.answer["iss"]) == ("the state", ISSUER)
        return result.answer["code"]

    async def tokens(self, code: str, **changes: str | None) -> dict[str, Any]:
        """Exchange a code, with the checks of every token response and every ID token."""
        answer = await self.app.exchange(code, **{"code_verifier": None, **changes})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["cache-control"] == "no-store"
        body: dict[str, Any] = answer.json()
        assert body["token_type"].lower() == "bearer"
        assert body["access_token"]
        assert body["expires_in"] > 0
        return body

    async def claims(self, id_token: str, nonce: str | None = "the nonce") -> dict[str, Any]:
        """Return the claims of an ID token, after the checks of Core section 3.1.3.7."""
        keys = jwk.KeySet.import_key_set((await self.provider.service.client.get("/oauth/jwks")).json())
        token = jwt.decode(id_token, keys, algorithms=["RS256"])
        assert token.header["kid"] in {key.kid for key in keys.keys}
        claims = token.claims
        now = self.present().timestamp()
        assert (claims["iss"], claims["aud"], claims.get("nonce")) == (ISSUER, self.app.id, nonce)
        assert claims["iat"] <= now < claims["exp"]
        assert claims["sub"] == self.person.id
        assert len(claims["sub"]) <= LONGEST_SUBJECT
        return claims

    async def sign_in(self, **changes: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the tokens and the ID token's claims of a complete flow."""
        tokens = await self.tokens(await self.code(**changes))
        nonce = changes.get("nonce", "the nonce")
        return tokens, await self.claims(tokens["id_token"], nonce)

    async def user_info(self, tokens: dict[str, Any], method: str = "GET", **options: Any) -> httpx.Response:
        """Call userinfo, by default with the access token in the header field."""
        headers = {} if options else {"Authorization": f"Bearer {tokens['access_token']}"}
        return await self.provider.service.client.request(method, "/oauth/userinfo", headers=headers, **options)

    async def is_signed_in(self) -> bool:
        """Return whether a request with prompt=none succeeds, as the suite checks after a logout."""
        return "code" in (await self.ask(prompt="none")).answer

    def present(self) -> datetime:
        return self.provider.clock.now()
