"""The public keys of an issuer, from its JSON Web Key Set (RFC 7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward_client.strict_json import parse_object

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: Final[frozenset[str]] = frozenset(get_args(Algorithm))

RSA_BITS: Final = range(2048, 8192 + 1)
"""Shorter keys can be broken; longer ones make each verification slow."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures of one algorithm."""

    key_id: str | None
    algorithm: Algorithm
    key: EllipticCurvePublicKey | RSAPublicKey


class PublicKeys:
    """The usable keys of one key set. Immutable."""

    def __init__(self, keys: list[PublicKey]) -> None:
        """Take the keys. Different ones with the same id and algorithm are ambiguous: none of them is used."""
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
        """Tell whether both have the same keys."""
        return isinstance(other, PublicKeys) and self._keys == other._keys

    def __hash__(self) -> int:
        """Return the same for equal sets."""
        return hash(frozenset(self._keys))

    def find(self, key_id: str | None, algorithm: str) -> PublicKey | None:
        """Return the key with this id. A token without an id means the only key of its algorithm, if there is one."""
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for key in self._keys.values() if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def parse_key_set(document: bytes) -> PublicKeys:
    """Return the usable keys of a JSON Web Key Set.

    Left out are keys for encryption, of other kinds (``oct``, ``OKP``) or algorithms, and those that are too short,
    malformed or private. Raises ``ValueError`` when the document is no key set.
    """
    listed = parse_object(document).get("keys")
    if not isinstance(listed, list):
        raise ValueError("The document has no list of keys.")  # noqa: TRY004 - callers catch one class
    return PublicKeys([key for each in listed if isinstance(each, dict) and (key := _parse_key(each)) is not None])


def _parse_key(jwk: Mapping[str, Any]) -> PublicKey | None:
    key_id = jwk.get("kid")
    if not isinstance(key_id, str | None) or not _is_for_verifying(jwk):
        return None
    try:
        if jwk.get("kty") == "RSA" and jwk.get("alg", "RS256") == "RS256":
            return _rsa_key(key_id, jwk)
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("alg", "ES256") == "ES256":
            return _elliptic_key(key_id, jwk)
    except (PyJWTError, ValueError, TypeError):
        return None
    return None


def _is_for_verifying(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _rsa_key(key_id: str | None, jwk: Mapping[str, Any]) -> PublicKey | None:
    # A key with private members comes as a private one: each reader of the set could sign with it.
    key = RSAAlgorithm.from_jwk(dict(jwk))
    if not isinstance(key, RSAPublicKey) or key.key_size not in RSA_BITS:
        return None
    return PublicKey(key_id, "RS256", key)


def _elliptic_key(key_id: str | None, jwk: Mapping[str, Any]) -> PublicKey | None:
    key = ECAlgorithm.from_jwk(dict(jwk))
    return PublicKey(key_id, "ES256", key) if isinstance(key, EllipticCurvePublicKey) else None
