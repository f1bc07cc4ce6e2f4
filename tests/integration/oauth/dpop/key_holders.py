"""A client that holds a key, and proves its possession in each call (DPoP, RFC 9449)."""

import hashlib
from typing import Any, Final
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from doorward_client.public_keys import thumbprint
from tests.integration.oauth.browsers import CALLBACK, VERIFIER, Application
from tests.integration.oauth.provider import ISSUER, TOKEN, Provider, is_oauth_error

ME: Final = "/api/v1/auth/me"
USERINFO: Final = "/oauth/userinfo"
NATIVE: Final = {"auth_method": "none"}
SCOPES: Final = "account openid"
ALGORITHMS: Final = 'algs="ES256 RS256"'


def digest_of(token: str) -> str:
    """Return the hash of an access token for a proof."""
    return base64url_encode(hashlib.sha256(token.encode()).digest()).decode()


class KeyHolder:
    """Hold a key, and create proofs at the time of the service's clock."""

    def __init__(self, provider: Provider, key: EllipticCurvePrivateKey | RSAPrivateKey | None = None) -> None:
        self.provider = provider
        self.key = key or generate_private_key(SECP256R1())
        if isinstance(self.key, RSAPrivateKey):
            self.algorithm, self.jwk = "RS256", RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        else:
            self.algorithm, self.jwk = "ES256", ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.jwk.pop("key_ops", None)
        self.thumbprint = thumbprint(self.jwk)

    def proof(
        self,
        method: str,
        path: str,
        access_token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a valid proof with these changes to its header and its claims; None omits a claim."""
        claims = {
            "jti": str(uuid4()),
            "htm": method,
            "htu": f"{ISSUER}{path}",
            "iat": int(self.provider.clock.now().timestamp()),
            "ath": None if access_token is None else digest_of(access_token),
            **changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        members = {"typ": "dpop+jwt", "jwk": self.jwk, **(header or {})}
        return jwt.encode(given, self.key, algorithm=self.algorithm, headers=members)

    async def ask(self, app: Application, proof: str | None = None, **form: str) -> httpx.Response:
        """Request tokens as a client, with a proof."""
        headers = {"DPoP": proof or self.proof("POST", TOKEN)}
        if app.machine.secret:
            return await app.provider.post(TOKEN, form, auth=(app.id, app.machine.secret), headers=headers)
        return await app.provider.post(TOKEN, {"client_id": app.id, **form}, headers=headers)

    async def exchange(self, app: Application, code: str, proof: str | None = None) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.ask(app, proof, **form)

    async def refresh(self, app: Application, refresh_token: str) -> httpx.Response:
        return await self.ask(app, grant_type="refresh_token", refresh_token=refresh_token)

    async def call(self, path: str, token: str, method: str = "GET", proof: str | None = None) -> httpx.Response:
        """Call a route with a bound token and a proof for it."""
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof or self.proof(method, path, token)}
        return await self.provider.service.client.request(method, path, headers=headers)


def is_refused_proof(answer: httpx.Response) -> bool:
    """Return whether a token endpoint refuses a proof (RFC 9449 section 5)."""
    challenge = answer.headers.get("www-authenticate", "")
    return is_oauth_error(answer, "invalid_dpop_proof") and challenge.startswith("DPoP ") and ALGORITHMS in challenge


def is_challenged(answer: httpx.Response, error: str, scheme: str = "DPoP") -> bool:
    """Return whether a route refuses a token or a proof (RFC 9449 section 7.1)."""
    challenge = answer.headers["www-authenticate"]
    names_algorithms = ALGORITHMS in challenge or scheme != "DPoP"
    return (
        answer.status_code == 401
        and challenge.startswith(f"{scheme} ")
        and f'"{error}"' in challenge
        and (names_algorithms)
    )
