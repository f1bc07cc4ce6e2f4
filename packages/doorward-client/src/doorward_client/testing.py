"""Helpers for tests: an issuer that signs tokens and needs no network, and the key of a client."""

import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from doorward_client.doorward import Doorward
from doorward_client.exceptions import FetchError
from doorward_client.http_transport import HttpTransport
from doorward_client.key_sets import FetchedKeys
from doorward_client.proofs import PROOF_TYPE, digest_of
from doorward_client.public_keys import thumbprint
from doorward_client.transports import ClientCredentials

LIFETIME_SECONDS: Final = 600
LISTED_KEYS: Final = 2
"""The signing key, and its predecessor."""


@dataclass(frozen=True, slots=True)
class _SigningKey:
    key_id: str
    key: EllipticCurvePrivateKey

    def jwk(self) -> dict[str, Any]:
        members = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**members, "kid": self.key_id, "alg": "ES256", "use": "sig"}


class Issuer:
    """An issuer that signs tokens like doorward's. Connected services accept its tokens, and no others."""

    def __init__(self, issuer: str = "https://issuer.example", audience: str = "https://service.example") -> None:
        """Set the issuer and audience of tokens. A connected service replaces both."""
        self.issuer = issuer
        self.audience = audience
        self._keys = [_new_key()]
        self._revoked: set[str] = set()
        self._connected: list[Doorward] = []

    def connect(self, auth: Doorward) -> None:
        """Make a service accept the tokens of this issuer, which uses the service's issuer and audience from now on."""
        if self._connected and (auth.issuer, auth.audience) != (self.issuer, self.audience):
            raise ValueError("Another service with another issuer or audience is connected: make an Issuer for each.")
        self.issuer, self.audience = auth.issuer, auth.audience
        self._connected.append(auth)
        auth.use_transport(self)

    def disconnect(self) -> None:
        """Make all connected services fetch from their real issuer again, over HTTP.

        A service with a transport of its own needs ``use_transport`` afterwards.
        """
        for auth in self._connected:
            auth.use_transport(HttpTransport())
        self._connected.clear()

    def token(
        self,
        sub: str,
        scope: str = "",
        *,
        client_id: str = "dwc_test",
        audience: str | None = None,
        expires_in: int = LIFETIME_SECONDS,
        **claims: object,
    ) -> str:
        """Return an access token. Other claims, such as ``acr="2"``, are added; a claim that is None is left out.

        ``cnf=key.confirmation`` binds it to a ``ProofKey``.
        """
        now = int(time.time())
        members: dict[str, object] = {
            "iss": self.issuer,
            "sub": sub,
            "aud": audience or self.audience,
            "exp": now + expires_in,
            "iat": now + min(expires_in, 0),
            "jti": secrets.token_hex(16),
            "sid": secrets.token_hex(16),
            "client_id": client_id,
            "scope": scope,
            "auth_time": now,
            "acr": "1",
            "amr": ["pwd"],
            **claims,
        }
        signing = self._keys[-1]
        return jwt.encode(
            {name: value for name, value in members.items() if value is not None},
            signing.key,
            algorithm="ES256",
            headers={"typ": "at+jwt", "kid": signing.key_id},
        )

    def expired(self, sub: str = "user", scope: str = "", **claims: Any) -> str:  # noqa: ANN401 - as token() takes them
        """Return an access token that was valid an hour ago."""
        return self.token(sub, scope, expires_in=-3600, **claims)

    def rotate(self) -> None:
        """Sign with a new key from now on. The predecessor stays listed until the next rotation."""
        self._keys = [*self._keys, _new_key()][-LISTED_KEYS:]
        # doorward publishes a key a day before it signs; here, services fetch the keys again instead.
        for auth in self._connected:
            auth.use_transport(self)

    def revoke(self, token: str) -> None:
        """Report this token as not active to ``live=True``."""
        self._revoked.add(token)

    async def get(self, address: str) -> FetchedKeys:
        """Return the metadata or the keys to a connected service."""
        if address.endswith("/oauth/jwks"):
            document: Mapping[str, object] = {"keys": [key.jwk() for key in self._keys]}
        elif "/.well-known/oauth-authorization-server" in address:
            document = self._metadata()
        else:
            raise FetchError("The issuer has no such document.")
        return FetchedKeys(json.dumps(document).encode())

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        """Return the introspection response for a token to a connected service."""
        if not address.endswith("/oauth/introspect") or not credentials.client_secret:
            raise FetchError("The issuer has no such endpoint.")
        return json.dumps({"active": form["token"] not in self._revoked}).encode()

    def _metadata(self) -> Mapping[str, Collection[str]]:
        base = self.issuer.rstrip("/")
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{base}/oauth/jwks",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "response_types_supported": [],
        }


class ProofKey:
    """The key of a client whose tokens are bound to it (DPoP, RFC 9449)."""

    def __init__(self) -> None:
        """Create a new key for ES256."""
        self._key = generate_private_key(SECP256R1())
        members = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._jwk = {name: members[name] for name in ("kty", "crv", "x", "y")}

    @property
    def confirmation(self) -> dict[str, str]:
        """The claim ``cnf`` of tokens that are bound to this key."""
        return {"jkt": thumbprint(self._jwk)}

    def proof(self, method: str, url: str, token: str, **claims: object) -> str:
        """Return a proof for one call with this access token.

        ``url`` is the public address of the service with the path of the call. ``claims`` replace those of a valid
        proof, such as ``iat=0``; a claim that is None is left out.
        """
        members: dict[str, object] = {
            "jti": secrets.token_hex(16),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "ath": digest_of(token),
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in members.items() if value is not None},
            self._key,
            algorithm="ES256",
            headers={"typ": PROOF_TYPE, "jwk": self._jwk},
        )

    def headers(self, method: str, url: str, token: str) -> dict[str, str]:
        """Return the headers of one call with a bound token. The parameters are those of ``proof``."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token)}


def _new_key() -> _SigningKey:
    return _SigningKey(secrets.token_hex(8), generate_private_key(SECP256R1()))
