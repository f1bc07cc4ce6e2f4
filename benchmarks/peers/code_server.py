"""The common interface of peers that sign users in: a public client with PKCE, codes, and their tokens."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.utils import base64url_decode

from benchmarks.load import CONNECTIONS, FORM, RefreshChain, SingleUseRequests, post
from benchmarks.peers.token_server import ALGORITHM
from benchmarks.processes import CALL_SECONDS, Running
from doorward.domain.oauth.pkce import challenge_of

CLIENT: Final = "application"
REDIRECT_URI: Final = "https://app.example/callback"
VERIFIER: Final = "measured-application" * 3
ID_TOKEN_ALGORITHM: Final = "RS256"  # noqa: S105 - an algorithm
RSA_BITS: Final = 3072
RSA_EXPONENT: Final = 65537
BROWSERS: Final = CONNECTIONS
"""As many sessions as concurrent calls, so that no call waits for another of the same session."""

AT_ONCE: Final = 8
"""Browsers that fetch codes at the same time."""


class Browser(requests.Session):
    """An HTTP client with cookies that also sends Secure cookies without TLS, as on loopback.

    It follows no redirects.
    """

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request, and store the answer's cookies."""
        answer = super().send(request, **{**options, "allow_redirects": False, "timeout": CALL_SECONDS})
        for cookie in self.cookies:
            cookie.secure = False
        return answer


@dataclass(frozen=True)
class CodeServer:
    """A running server, its client, and a function that creates codes."""

    process: Running
    path: str
    client_id: str
    codes: Callable[[int], Sequence[str]]
    """Creates that many codes."""
    refreshes_id_token: bool = True
    """Whether a refresh returns an ID token, too."""

    def exchanges(self, count: int) -> SingleUseRequests:
        """Return the redemptions of that many new codes."""
        bodies = [urlencode(self._redemption(code)) for code in self.codes(count)]
        return SingleUseRequests(
            [post(self.path, FORM, body, accept="application/json") for body in bodies], '"id_token"'
        )

    def refreshes(self) -> RefreshChain:
        """Return new refresh tokens, one for each connection, each from its own code."""
        tokens = [self._tokens(self._redemption(code))["refresh_token"] for code in self.codes(CONNECTIONS)]
        return RefreshChain(tokens, self.path, form=self._refresh())

    def require_tokens(self) -> None:
        """Raise ``RuntimeError`` unless a code and a refresh token yield the tokens that the comparison needs.

        These are an access token with ES256, an ID token with RS256 and a signature of 3072 bits, and a new refresh
        token.
        """
        exchanged = self._tokens(self._redemption(self.codes(1)[0]))
        refreshed = self._tokens({**self._refresh(), "refresh_token": exchanged["refresh_token"]})
        found = [_algorithms(exchanged), _algorithms(refreshed)]
        signed = (ID_TOKEN_ALGORITHM, RSA_BITS)
        if found != [(ALGORITHM, signed), (ALGORITHM, signed if self.refreshes_id_token else None)]:
            raise RuntimeError(f"{self.process.url} signs with {found}")
        if exchanged["refresh_token"] == refreshed["refresh_token"]:
            raise RuntimeError(f"{self.process.url} gives the same refresh token again")

    def _redemption(self, code: str) -> Mapping[str, str]:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
        return {**form, "client_id": self.client_id, "code": code}

    def _refresh(self) -> Mapping[str, str]:
        return {"grant_type": "refresh_token", "client_id": self.client_id}

    def _tokens(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        address = f"{self.process.url}{self.path}"
        answer = requests.post(address, data=form, headers={"Accept": "application/json"}, timeout=CALL_SECONDS)
        if not answer.ok:
            raise RuntimeError(f"{address} answers {answer.status_code}: {answer.text}")
        tokens: Mapping[str, Any] = answer.json()
        return tokens


def _algorithms(tokens: Mapping[str, str]) -> tuple[str, tuple[str, int] | None]:
    """Return the algorithm of the access token, and that of the ID token with its signature's bits, if there is one."""
    algorithm = jwt.get_unverified_header(tokens["access_token"])["alg"]
    id_token = tokens.get("id_token")
    if id_token is None:
        return algorithm, None
    bits = len(base64url_decode(id_token.rpartition(".")[2])) * 8
    return algorithm, (jwt.get_unverified_header(id_token)["alg"], bits)


def authorization(client_id: str, scope: str = "openid") -> Mapping[str, str]:
    """Return the parameters of a new authorization request."""
    return {
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": scope,
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }


def codes_of(browsers: Sequence[Callable[[], str]], count: int) -> Sequence[str]:
    """Let each browser fetch its share of the codes; return them in turns of the browsers."""
    turns = -(-count // len(browsers))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fetched = list(pool.map(lambda fetch: [fetch() for _ in range(turns)], browsers[:count]))
    return [code for turn in zip(*fetched, strict=True) for code in turn][:count]


def code_in(answer: requests.Response) -> str:
    """Return the code in a redirect. Raises ``RuntimeError`` for another answer."""
    location = answer.headers.get("Location", "")
    codes = parse_qs(urlsplit(location).query).get("code")
    if codes is None or not location.startswith(f"{REDIRECT_URI}?"):
        raise RuntimeError(f"{answer.url} answers {answer.status_code}, and no code: {location or answer.text[:500]}")
    return codes[0]


def new_rsa_key() -> rsa.RSAPrivateKey:
    """Return a key for ID tokens, as large as the service's."""
    return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
