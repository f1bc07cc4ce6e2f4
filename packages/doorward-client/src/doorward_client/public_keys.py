"""Public keys that verify signatures, as JSON Web Keys (RFC 7517): a client's single key, or an issuer's key set."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError, get_algorithm_by_name
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward_client.strict_json import parse_object

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: Final[frozenset[str]] = frozenset(get_args(Algorithm))

RSA_BITS: Final = range(2048, 8192 + 1)
"""Shorter keys can be broken; longer ones make each verification slow."""

LARGEST_EXPONENT: Final = 2**32
"""The key may come from the caller, and a verification with a long exponent takes as long as a signature."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4)."""

_OF_THUMBPRINTS: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
"""Members of thumbprints (RFC 7638 section 3.2), in the order of section 3.3."""

_VERIFIERS: Final = {name: get_algorithm_by_name(name) for name in ALGORITHMS}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures of one algorithm."""

    key_id: str | None
    algorithm: Algorithm
    key: EllipticCurvePublicKey | RSAPublicKey

    def verifies(self, signed: str, signature: bytes) -> bool:
        """Return whether this key made the signature of an ASCII text."""
        return _VERIFIERS[self.algorithm].verify(signed.encode(), self.key, signature)

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the canonical form of the key, whatever form it was read from."""
        if isinstance(self.key, RSAPublicKey):
            return thumbprint(RSAAlgorithm.to_jwk(self.key, as_dict=True))
        return thumbprint(ECAlgorithm.to_jwk(self.key, as_dict=True))


class PublicKeys:
    """The usable keys of one key set. Immutable."""

    def __init__(self, keys: list[PublicKey]) -> None:
        """Exclude different keys with the same id and algorithm, because they are ambiguous."""
        found: dict[tuple[str | None, str], PublicKey] = {}
        ambiguous = set()
        for key in keys:
            place = (key.key_id, key.algorithm)
            if found.setdefault(place, key) != key:
                ambiguous.add(place)
        self._keys = {place: key for place, key in found.items() if place not in ambiguous}

    def __len__(self) -> int:
        """Return the number of usable keys."""
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same keys."""
        return isinstance(other, PublicKeys) and self._keys == other._keys

    def __hash__(self) -> int:
        """Return an equal hash for equal sets."""
        return hash(frozenset(self._keys))

    def find(self, key_id: str | None, algorithm: str) -> PublicKey | None:
        """Return the key with this id. Without an id, return the only key of the algorithm, if there is exactly one."""
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for key in self._keys.values() if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def parse_key_set(document: bytes) -> PublicKeys:
    """Parse a JSON Web Key Set, and return its usable keys.

    Keys for encryption, of other types (``oct``, ``OKP``) or algorithms, and keys that are too short, malformed or
    private are ignored. Raises ``ValueError`` if the document is no key set.
    """
    listed = parse_object(document).get("keys")
    if not isinstance(listed, list):
        raise ValueError("The document has no list of keys.")  # noqa: TRY004 - callers catch one class
    found = (read_public_key(each) for each in listed if isinstance(each, dict) and _is_for_verifying(each))
    return PublicKeys([key for key in found if key is not None])


def read_public_key(jwk: object) -> PublicKey | None:
    """Return the key of a JWK; None if it is private, of another type or use, too short or too long."""
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys() or jwk.get("use", "sig") != "sig":
        return None
    key_id = jwk.get("kid")
    if not isinstance(key_id, str | None):
        return None
    try:
        if jwk.get("kty") == "RSA" and jwk.get("alg", "RS256") == "RS256":
            return _rsa_key(key_id, jwk)
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("alg", "ES256") == "ES256":
            return _elliptic_key(key_id, jwk)
    except (PyJWTError, ValueError, TypeError):
        return None
    return None


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a JWK of type EC or RSA, in base64url (RFC 7638)."""
    members = {name: jwk[name] for name in _OF_THUMBPRINTS[jwk["kty"]]}
    digest = sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_for_verifying(jwk: Mapping[str, Any]) -> bool:
    """Return whether ``key_ops`` allows verification. Only checked in key sets, where it may exclude a key."""
    operations = jwk.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _rsa_key(key_id: str | None, jwk: Mapping[str, Any]) -> PublicKey | None:
    key = RSAAlgorithm.from_jwk(dict(jwk))
    if not isinstance(key, RSAPublicKey) or key.key_size not in RSA_BITS:
        return None
    return PublicKey(key_id, "RS256", key) if key.public_numbers().e < LARGEST_EXPONENT else None


def _elliptic_key(key_id: str | None, jwk: Mapping[str, Any]) -> PublicKey | None:
    key = ECAlgorithm.from_jwk(dict(jwk))
    return PublicKey(key_id, "ES256", key) if isinstance(key, EllipticCurvePublicKey) else None
