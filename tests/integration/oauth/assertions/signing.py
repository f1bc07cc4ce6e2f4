"""Clients with signed assertions: their keys and requests."""

import json
import secrets
from typing import Any, Final

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward.domain.oauth.models import ClientContent, ClientKeySource
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, TOKEN, Provider

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA: Final = rsa.generate_private_key(65537, 2048)
SHORT: Final = rsa.generate_private_key(65537, 1024)


class Key:
    """A private key, and its public key as a JWK."""

    def __init__(self, key_id: str | None = "first", *, is_rsa: bool = False, private: Any = None) -> None:
        self.key_id = key_id
        self.private: Any = private or (RSA if is_rsa else ec.generate_private_key(ec.SECP256R1()))
        self.algorithm = "RS256" if isinstance(self.private, rsa.RSAPrivateKey) else "ES256"

    def jwk(self, **changes: object) -> dict[str, Any]:
        public = self.private.public_key()
        to_jwk = RSAAlgorithm.to_jwk if self.algorithm == "RS256" else ECAlgorithm.to_jwk
        members = {**json.loads(to_jwk(public)), "kid": self.key_id, **changes}
        return {name: value for name, value in members.items() if value is not None}


def key_set(*jwks: dict[str, Any]) -> str:
    return json.dumps({"keys": list(jwks)})


class Signer:
    """A client with a key."""

    def __init__(self, provider: Provider, client_id: str, key: Key) -> None:
        self.provider = provider
        self.id = client_id
        self.key = key

    def assertion(self, *, header: dict[str, Any] | None = None, key: Key | None = None, **changes: object) -> str:
        """Return a valid assertion with these changes; a claim that is None is omitted."""
        key, now = key or self.key, int(self.provider.clock.now().timestamp())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": ISSUER,
            "exp": now + 60,
            "iat": now,
            "jti": secrets.token_hex(8),
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": key.key_id, **(header or {})}
        return jwt.encode(
            present, key.private, algorithm=key.algorithm, headers={name: v for name, v in headers.items() if v}
        )

    async def post(self, assertion: str | None = None, path: str = TOKEN, **form: Any) -> httpx.Response:
        """Request a token with an assertion. A field that is None is omitted."""
        sent = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": self.assertion() if assertion is None else assertion,
            **form,
        }
        return await self.provider.post(path, {name: value for name, value in sent.items() if value is not None})


async def signer(
    provider: Provider, *, key: Key | None = None, jwks_uri: str | None = None, jwks: str | None = None, **content: Any
) -> Signer:
    """Register a client with a key."""
    key = key or Key()
    source = ClientKeySource(None if jwks_uri else jwks or key_set(key.jwk()), jwks_uri)
    values = {"name": "Signer", "auth_method": "private_key_jwt", "scopes": ("items:read",), **content}
    made = await provider.clients.create(OPERATOR, ClientContent(**values), keys=provider.client_keys.checked(source))
    assert made.secret is None
    return Signer(provider, made.client.client_id, key)
