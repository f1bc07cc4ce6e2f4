"""Asymmetric keys as JWKs: made, read from files, and opened. Needs the package ``cryptography``."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward.core.ports import SealedDataError, Sealer
from doorward.domain.keys.exceptions import InvalidKeyFileError
from doorward.domain.keys.models import NewKey, SigningAlgorithm, StoredKey, sealing_context
from doorward.infrastructure.key_ring import RingKey
from doorward_client.public_keys import thumbprint

RSA_BITS: Final = 3072
"""128 bits of security, as P-256 has (NIST SP 800-57 part 1)."""

MINIMUM_RSA_BITS: Final = 2048
MAXIMUM_RSA_BITS: Final = 8192
"""A signature by a larger key takes tens of milliseconds."""

RSA_EXPONENT: Final = 65537
_MEMBERS: Final[Mapping[SigningAlgorithm, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "ES256": (("crv", "kty", "x", "y"), ("d",)),
    "RS256": (("e", "kty", "n"), ("d", "p", "q", "dp", "dq", "qi")),
}
"""The public members of a JWK, from which its thumbprint is computed (RFC 7638 section 3.2), and the private ones."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class SigningKeyMaker:
    """Makes keys, and reads keys from files."""

    async def make(self, algorithm: SigningAlgorithm) -> NewKey:
        """Return a new key. RSA takes a second, in a thread."""
        return await asyncio.to_thread(_new_key, algorithm)

    def read(self, content: bytes) -> NewKey:
        """Return the private key in a file: PEM or JWK. Raises ``InvalidKeyFileError``."""
        try:
            key = _private_key_in(content)
        # The libraries do not document all their exceptions for malformed keys: each means an unusable key.
        except Exception as error:
            raise InvalidKeyFileError from error
        return as_new_key(key)

    def public_part(self, jwk: bytes) -> bytes:
        """Return the public JWK of a private or a public one."""
        members = json.loads(jwk)
        return _json(_public_members(_algorithm_of(members), members))


def open_key(stored: StoredKey, sealer: Sealer) -> RingKey:
    """Return the opened key. Its public part comes from the sealed data, so that a changed row cannot inject a key.

    Raises ``SealedDataError`` for data that no key opens, and for a key other than the one that its row names.
    """
    members = json.loads(sealer.open(stored.sealed, context=sealing_context(stored.kid, stored.algorithm)))
    if _algorithm_of(members) != stored.algorithm or thumbprint(members) != stored.kid:
        raise SealedDataError
    public = _loaded({name: members[name] for name in _MEMBERS[stored.algorithm][0]}, stored.algorithm)
    is_private = "d" in members and stored.retires_at is None
    return RingKey(
        kid=stored.kid,
        algorithm=stored.algorithm,
        jwk={**_public_members(stored.algorithm, members), "use": "sig", "alg": stored.algorithm, "kid": stored.kid},
        public=public,
        private=_loaded(members, stored.algorithm) if is_private else None,
        activates_at=stored.activates_at,
        retires_at=stored.retires_at,
    )


def _new_key(algorithm: SigningAlgorithm) -> NewKey:
    """Return a new key. Its ID does not begin with ``-``, which command lines parse as an option."""
    new = as_new_key(_generate(algorithm))
    while new.kid.startswith("-"):
        new = as_new_key(_generate(algorithm))
    return new


def _generate(algorithm: SigningAlgorithm) -> PrivateKey:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)


def as_new_key(key: PrivateKey) -> NewKey:
    """Return the key in its stored form."""
    algorithm: SigningAlgorithm
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm, members = "RS256", RSAAlgorithm.to_jwk(key, as_dict=True)
    else:
        algorithm, members = "ES256", ECAlgorithm.to_jwk(key, as_dict=True)
    public, private = _MEMBERS[algorithm]
    stored = {name: members[name] for name in (*public, *private)}
    return NewKey(thumbprint(stored), algorithm, _json(stored))


def _private_key_in(content: bytes) -> PrivateKey:
    """Return the private key in a file, fully validated. Raises various exceptions."""
    text = content.decode("ascii").strip()
    if text.startswith("{"):
        members = json.loads(text)
        algorithm = _algorithm_of(members)
        if members.get("use", "sig") != "sig" or members.get("alg", algorithm) != algorithm:
            raise ValueError("a key for another use")
        key: Any = jwt.PyJWK(members, algorithm=algorithm).key
    else:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    if isinstance(key, rsa.RSAPrivateKey):
        if (
            not MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS
            or key.public_key().public_numbers().e != RSA_EXPONENT
        ):
            raise ValueError("an RSA key of another size or exponent")
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("no private key of a kind that signs")


def _loaded(members: Mapping[str, Any], algorithm: SigningAlgorithm) -> Any:  # noqa: ANN401 - a key of cryptography
    """Return the key of a JWK that this service has sealed. RSA keys are not validated again: that takes a second."""
    if algorithm == "ES256":
        return ECAlgorithm.from_jwk(dict(members))
    numbers = {name: _number(members[name]) for name in members if name != "kty"}
    public = rsa.RSAPublicNumbers(numbers["e"], numbers["n"])
    if "d" not in numbers:
        return public.public_key()
    private = rsa.RSAPrivateNumbers(
        p=numbers["p"],
        q=numbers["q"],
        d=numbers["d"],
        dmp1=numbers["dp"],
        dmq1=numbers["dq"],
        iqmp=numbers["qi"],
        public_numbers=public,
    )
    return private.private_key(unsafe_skip_rsa_key_validation=True)


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _algorithm_of(jwk: Mapping[str, Any]) -> SigningAlgorithm:
    """Return the algorithm that a key of this type signs with. Raises ``ValueError``."""
    if jwk.get("kty") == "RSA":
        return "RS256"
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        return "ES256"
    raise ValueError("a key of another type")


def _public_members(algorithm: SigningAlgorithm, jwk: Mapping[str, Any]) -> dict[str, str]:
    """Return the public members. They are selected by name, so that no private one is included."""
    return {name: jwk[name] for name in _MEMBERS[algorithm][0]}


def _json(members: Mapping[str, str]) -> bytes:
    return json.dumps(dict(sorted(members.items())), separators=(",", ":")).encode()
