"""Browsers, applications and devices that use a running service, for proofs over HTTP."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from development.pages import OWN_SITE, answer_of, forms_of, forwarded
from development.proof.api import CALL_SECONDS, CONNECTIONS
from development.proof.service import MAIL
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.pkce import challenge_of
from doorward.settings.config import Settings
from doorward.wiring.operations import opened_oauth

ISSUER: Final = MAIL["PUBLIC_URL"]
CALLBACK: Final = "https://app.example/callback"
AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
USERINFO: Final = "/oauth/userinfo"
SIGN_IN: Final = "/account/sign-in"
OVERVIEW: Final = "/account/overview"
DEVICE: Final = "/account/device"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER: Final = "a-verifier-of-one-proof" * 2
SCOPE: Final = "openid profile"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one proof
SEE_OTHER: Final = 303
UNAVAILABLE: Final = 503


class LostAnswerError(Exception):
    """No response, or one that leaves the outcome unknown."""


def http_at(url: str) -> httpx.AsyncClient:
    """Return a client without a cookie jar: each call sets the cookies of its browser."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS, limits=limits, cookies=none, trust_env=False)


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request that can be sent repeatedly."""

    method: str
    path: str
    form: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, http: httpx.AsyncClient) -> httpx.Response:
        """Send the request. Raises ``LostAnswerError``."""
        try:
            answer = await http.request(
                self.method, self.path, data=self.form, json=self.body, headers=dict(self.headers)
            )
        except httpx.TransportError as error:
            raise LostAnswerError from error
        if answer.status_code == UNAVAILABLE:
            raise LostAnswerError
        return answer


@dataclass
class Browser:
    """One browser without scripts, and its cookies."""

    http: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of every request."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)}

    def visit(self, address: str) -> PreparedRequest:
        """Return the request for a page of the service."""
        return PreparedRequest("GET", address.removeprefix(ISSUER), headers=self.headers)

    async def get(self, address: str) -> httpx.Response:
        """Get a page, and follow redirects within the service."""
        answer = await self.send(self.visit(address))
        while answer.status_code == SEE_OTHER:
            answer = await self.send(self.visit(str(answer.url.join(answer.headers["location"])).replace(*self._own)))
        return answer

    @property
    def _own(self) -> tuple[str, str]:
        return str(self.http.base_url).rstrip("/"), ""

    def filled(self, page: httpx.Response, action: str = "", **fields: str) -> PreparedRequest:
        """Return the last form of a page whose action ends with ``action``, with the given fields."""
        target, hidden = [each for each in forms_of(page) if each[0].partition("?")[0].endswith(action)][-1]
        path = str(page.url.join(target)).replace(*self._own)
        return PreparedRequest("POST", path, {**hidden, **fields}, headers={**self.headers, **OWN_SITE})

    async def send(self, sent: PreparedRequest) -> httpx.Response:
        """Send a request, and store the cookies of its response."""
        answer = await sent.send(self.http)
        self.cookies |= {name: value or "" for name, value in answer.cookies.items()}
        for header in answer.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            if not rest.partition(";")[0].strip('"'):
                self.cookies.pop(name, None)
        return answer

    async def sign_in_form(self, name: str) -> PreparedRequest:
        """Return the filled sign-in form of a user."""
        return self.filled(await self.get(SIGN_IN), username=name, password=PASSWORD, stay="")

    async def sign_in(self, name: str) -> None:
        """Sign in. Raises ``RuntimeError`` if this is refused."""
        answer = await self.send(await self.sign_in_form(name))
        if answer.is_error:
            raise RuntimeError(f"{name} could not sign in: {answer.status_code}")


@dataclass(frozen=True, slots=True)
class Application:
    """A confidential application to which users sign in."""

    id: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of its client authentication."""
        return {"Authorization": f"Basic {base64.b64encode(f'{self.id}:{self.secret}'.encode()).decode()}"}

    def parameters(self, **changes: str) -> dict[str, str]:
        """Return the parameters of its authorization request."""
        return {
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": "the state of a proof",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }

    def address(self, **changes: str) -> str:
        """Return the URL of its authorization request."""
        return f"{AUTHORIZE}?{urlencode(self.parameters(**changes))}"

    def address_of_pushed(self, request_uri: str) -> str:
        """Return the URL of an authorization request that it has pushed."""
        return f"{AUTHORIZE}?{urlencode({'client_id': self.id, 'request_uri': request_uri})}"

    def post(self, path: str, **form: str) -> PreparedRequest:
        """Return a request of the application with client authentication."""
        return PreparedRequest("POST", path, form, headers=self.headers)

    def exchange(self, code: str) -> PreparedRequest:
        """Return the exchange of a code."""
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post(TOKEN, code=code, **form)

    def refresh(self, refresh_token: str) -> PreparedRequest:
        """Return the use of a refresh token."""
        return self.post(TOKEN, grant_type="refresh_token", refresh_token=refresh_token)

    def poll(self, device_code: str) -> PreparedRequest:
        """Return a device's poll for its tokens."""
        return self.post(TOKEN, grant_type=DEVICE_CODE, device_code=device_code)

    async def code(self, browser: Browser) -> str:
        """Return a code for the signed-in user, who consents if required."""
        answer = await browser.get(self.address())
        if "location" not in answer.headers:
            answer = await browser.send(browser.filled(answer, decision="allow"))
        return code_of(answer)


def code_of(answer: httpx.Response) -> str:
    """Return the code of a redirect to the application. Raises ``KeyError`` for a refusal."""
    return answer_of(answer.headers.get("location") or forwarded(answer))["code"]


def userinfo(access: str) -> PreparedRequest:
    """Return the request for the user of an access token."""
    return PreparedRequest("GET", USERINFO, headers={"Authorization": f"Bearer {access}"})


async def add_application(settings: Settings, **content: Any) -> Application:  # noqa: ANN401 - any member
    """Add an application with all grants, like an operator."""
    values: dict[str, Any] = {
        "name": "The application of a proof",
        "grant_types": ("authorization_code", "refresh_token", DEVICE_CODE),
        "scopes": ("offline_access", *SCOPE.split()),
        "redirect_uris": (CALLBACK,),
        **content,
    }
    async with opened_oauth(settings) as use_cases:
        made = await use_cases.clients.create(None, ClientContent(**values))
    return Application(made.client.client_id, made.secret or "")
