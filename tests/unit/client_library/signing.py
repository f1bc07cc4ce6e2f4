"""Keys of invented issuers, and tokens signed with them, well-formed or not."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER: Final = "https://accounts.example"
AUDIENCE: Final = "https://orders.example"
NOW: Final = 1_800_000_000


@dataclass(frozen=True, slots=True)
class SigningKey:
    key_id: str
    algorithm: str
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    def jwk(self, **changes: object) -> dict[str, Any]:
        """Return the public key as a JSON Web Key."""
        public_key = self.key.public_key()
        if isinstance(public_key, rsa.RSAPublicKey):
            members = RSAAlgorithm.to_jwk(public_key, as_dict=True)
        else:
            members = ECAlgorithm.to_jwk(public_key, as_dict=True)
        members.pop("key_ops", None)
        return {**members, "kid": self.key_id, "alg": self.algorithm, "use": "sig", **changes}

    def private_jwk(self, **changes: object) -> dict[str, Any]:
        """Return the private key as a JSON Web Key, which no key set should contain."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return {**RSAAlgorithm.to_jwk(self.key, as_dict=True), **self.jwk(), "key_ops": ["verify"], **changes}
        return {**ECAlgorithm.to_jwk(self.key, as_dict=True), **self.jwk(), "key_ops": ["verify"], **changes}

    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: Mapping[str, Any], **header: object) -> str:
        """Return a token with these claims. A header member that is None is omitted."""
        return self.sign_text(json.dumps(claims), **header)

    def sign_text(self, payload: str, **header: object) -> str:
        members = {"alg": self.algorithm, "kid": self.key_id, "typ": "at+jwt", **header}
        text = json.dumps({name: value for name, value in members.items() if value is not None})
        return self.sign_texts(text, payload)

    def sign_texts(self, header: str, payload: str) -> str:
        """Return a token with a genuine signature over any two texts."""
        signed = f"{encoded(header.encode())}.{encoded(payload.encode())}"
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return f"{signed}.{encoded(algorithm.sign(signed.encode(), self.key))}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@cache
def elliptic_key(key_id: str = "elliptic") -> SigningKey:
    return SigningKey(key_id, "ES256", ec.generate_private_key(ec.SECP256R1()))


@cache
def rsa_key(key_id: str = "rsa", bits: int = 2048) -> SigningKey:
    return SigningKey(key_id, "RS256", rsa.generate_private_key(65537, bits))


@cache
def edwards_jwk(algorithm: str) -> Mapping[str, Any]:
    """Return a key of the kind whose algorithm has an old and a new name (RFC 9864)."""
    public_key = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": encoded(public_key), "kid": "edwards", "alg": algorithm}


def key_set(*keys: Mapping[str, Any] | SigningKey) -> bytes:
    return json.dumps({"keys": [key.jwk() if isinstance(key, SigningKey) else key for key in keys]}).encode()


def claims(**changes: object) -> dict[str, Any]:
    """Return the claims of a valid token. A claim that is None is omitted."""
    members = {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": AUDIENCE,
        "exp": NOW + 600,
        "iat": NOW,
        "jti": "token-1",
        "client_id": "dwc_orders",
        "scope": "orders:read orders:write",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}
