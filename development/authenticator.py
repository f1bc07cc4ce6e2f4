"""A software authenticator together with the browser's part, for tests, proofs and measurements of passkeys."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ES256, EDDSA, RS256 = -7, -8, -257
USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64
_WIDTH: Final = 32
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def encode(content: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Decode base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class Credential:
    """A key pair for one relying party and one user account."""

    id: bytes
    relying_party: str
    user_handle: bytes
    key: PrivateKey
    sign_count: int = 0

    def public_key(self) -> dict[int, Any]:
        """Return the public key as a COSE key (RFC 9052 section 7)."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            point = self.key.public_key().public_numbers()
            return {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(_WIDTH), -3: point.y.to_bytes(_WIDTH)}
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return {1: 1, 3: EDDSA, -1: 6, -2: self.key.public_key().public_bytes_raw()}
        numbers = self.key.public_key().public_numbers()
        length = (numbers.n.bit_length() + 7) // 8
        return {1: 3, 3: RS256, -1: numbers.n.to_bytes(length), -2: numbers.e.to_bytes(3)}

    def sign(self, content: bytes) -> bytes:
        """Return the signature over the content."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(content, ec.ECDSA(hashes.SHA256()))
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(content)
        return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())

    def pem(self) -> str:
        """Return the private key in PEM format, for ``read_key``."""
        form, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(form, kind, serialization.NoEncryption()).decode()


def read_key(pem: str) -> PrivateKey:
    """Return the private key that ``Credential.pem`` wrote."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise TypeError("another kind of key")
    return key


def new_key(algorithm: int) -> PrivateKey:
    """Generate a key for a COSE algorithm."""
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class Authenticator:
    """Creates credentials and signs with them, as a browser does on a page at ``origin``.

    ``counts`` is False for authenticators without a signature counter, for example those that synchronise credentials.
    """

    origin: str
    algorithm: int = ES256
    verifies_user: bool = True
    counts: bool = True
    is_synchronised: bool = False
    sends_user_handle: bool = True
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the result of ``navigator.credentials.create()`` in the format of ``toJSON()``."""
        credential = Credential(
            id=secrets.token_bytes(32),
            relying_party=options["rp"]["id"],
            user_handle=decode(options["user"]["id"]),
            key=new_key(self.algorithm),
        )
        self.credentials.append(credential)
        attested = bytes(16) + len(credential.id).to_bytes(2) + credential.id + cbor2.dumps(credential.public_key())
        statement = {
            "fmt": "none",
            "attStmt": {},
            "authData": self.authenticator_data(credential, self.flags() | ATTESTED) + attested,
        }
        return {
            "id": encode(credential.id),
            "rawId": encode(credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(self.client_data("webauthn.create", options["challenge"])),
                "attestationObject": encode(cbor2.dumps(statement)),
                "transports": ["internal"],
            },
        }

    def get(self, options: dict[str, Any], *, credential: Credential | None = None) -> dict[str, Any]:
        """Return the result of ``navigator.credentials.get()``, with the given credential or else the newest one."""
        credential = credential or self.credentials[-1]
        if self.counts:
            credential.sign_count += 1
        client_data = self.client_data("webauthn.get", options["challenge"])
        data = self.authenticator_data(credential, self.flags())
        response = {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(data),
            "signature": encode(credential.sign(data + hashlib.sha256(client_data).digest())),
        }
        if self.sends_user_handle:
            response["userHandle"] = encode(credential.user_handle)
        return {
            "id": encode(credential.id),
            "rawId": encode(credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def flags(self) -> int:
        """Return the flags of the authenticator data."""
        verified = USER_VERIFIED if self.verifies_user else 0
        return USER_PRESENT | verified | (BACKUP_ELIGIBLE | BACKED_UP if self.is_synchronised else 0)

    def authenticator_data(self, credential: Credential, flags: int) -> bytes:
        """Return the authenticator data without attested credential data."""
        rp_id_hash = hashlib.sha256(credential.relying_party.encode()).digest()
        return rp_id_hash + bytes([flags]) + credential.sign_count.to_bytes(4)

    def client_data(self, kind: str, challenge: str) -> bytes:
        """Return the client data that the browser adds."""
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}, separators=(",", ":")
        ).encode()
