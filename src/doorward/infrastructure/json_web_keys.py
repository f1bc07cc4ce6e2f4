"""Public keys of others, as JWKs (RFC 7517): those that signatures are verified with. Needs ``cryptography``."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SMALLEST_RSA_BITS: Final = 2048
LARGEST_RSA_BITS: Final = 8192
"""A verification with more takes long."""

LARGEST_EXPONENT: Final = 2**32
"""The key may be the caller's own: a verification with a long exponent takes as long as a signature."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""RFC 7518 sections 6.2.2, 6.3.2 and 6.4."""

PublicKey = EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, and the one algorithm that it is for."""

    key_id: str | None
    algorithm: Literal["ES256", "RS256"]
    key: PublicKey


def read_verifying_key(jwk: Any) -> VerifyingKey | None:  # noqa: ANN401 - what JSON holds
    """Return a public key for signatures; None for private ones, other kinds, short ones and very long ones."""
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys() or jwk.get("use", "sig") != "sig":
        return None
    key_id = jwk.get("kid")
    if not isinstance(key_id, str | None):
        return None
    try:
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("alg", "ES256") == "ES256":
            elliptic = ECAlgorithm.from_jwk(jwk)
            return VerifyingKey(key_id, "ES256", elliptic) if isinstance(elliptic, EllipticCurvePublicKey) else None
        if jwk.get("kty") == "RSA" and jwk.get("alg", "RS256") == "RS256":
            rsa = RSAAlgorithm.from_jwk(jwk)
            return VerifyingKey(key_id, "RS256", rsa) if isinstance(rsa, RSAPublicKey) and _is_usable(rsa) else None
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None


def _is_usable(key: RSAPublicKey) -> bool:
    return SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS and key.public_numbers().e < LARGEST_EXPONENT
