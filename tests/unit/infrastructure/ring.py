"""Key rings for tests, and tokens of their keys written by hand."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from doorward.domain.keys.models import NewKey, SigningAlgorithm, StoredKey, sealing_context
from doorward.infrastructure.access_tokens import AccessTokens, Provider
from doorward.infrastructure.key_ring import FixedKeyRing, KeyRing, RingKey
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.infrastructure.signing_keys import MINIMUM_RSA_BITS, RSA_EXPONENT, as_new_key, open_key
from tests.unit.infrastructure import forge
from tests.unit.infrastructure.forge import CLAIMS, NOW

ISSUER: Final = "https://auth.example.com"
SEALER: Final = AesGcmSealer([bytes(range(32))])
CLIENT_CLAIMS: Final[dict[str, Any]] = {
    "iss": ISSUER,
    "sub": "dwc_orders",
    "aud": ISSUER,
    "exp": CLAIMS["iat"] + 600,
    "iat": CLAIMS["iat"],
    "jti": "0123456789abcdef",
    "client_id": "dwc_orders",
    "scope": "items:read",
}


def new_key(algorithm: SigningAlgorithm, number: int = 1) -> NewKey:
    """Return one of this run's keys by its number: creating RSA keys is slow, so tests share them."""
    keys = _keys(algorithm)
    while len(keys) < number:
        keys.append(
            as_new_key(
                ec.generate_private_key(ec.SECP256R1())
                if algorithm == "ES256"
                else rsa.generate_private_key(RSA_EXPONENT, MINIMUM_RSA_BITS)
            )
        )
    return keys[number - 1]


@cache
def _keys(_: SigningAlgorithm) -> list[NewKey]:
    return []


def stored(key: NewKey, *, activates_at: datetime | None = NOW, retires_at: datetime | None = None) -> StoredKey:
    sealed = SEALER.seal(key.private, context=sealing_context(key.kid, key.algorithm))
    return StoredKey(key.kid, key.algorithm, sealed, NOW - timedelta(days=1), activates_at, retires_at)


def opened(key: NewKey, *, activates_at: datetime | None = NOW, retires_at: datetime | None = None) -> RingKey:
    return open_key(stored(key, activates_at=activates_at, retires_at=retires_at), SEALER)


def ring_of(*keys: NewKey) -> KeyRing:
    return KeyRing([opened(key) for key in keys])


def tokens_with(ring: KeyRing, algorithm: str = "HS256", audience: str = "https://api.example.com") -> AccessTokens:
    return AccessTokens(
        key=forge.KEY,
        algorithm=algorithm,
        issuer=ISSUER,
        audience=audience,
        lifetime=timedelta(minutes=30),
        provider=Provider(FixedKeyRing(ring), ISSUER, timedelta(minutes=10)),
    )


def signed(key: NewKey, claims: Mapping[str, object] | bytes = CLAIMS, **header: object) -> str:
    """Return a token signed with the key, with any members of header and claims."""
    private = jwt.PyJWK(json.loads(key.private), algorithm=key.algorithm).key
    members = {"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid, **header}
    content = claims if isinstance(claims, bytes) else _without_missing(claims)
    return sealed_by(private, key.algorithm, _without_missing(members), content)


def sealed_by(private: Any, algorithm: SigningAlgorithm, header: bytes, payload: bytes) -> str:
    """Return a token of these bytes with a valid signature, regardless of their content."""
    content = f"{forge.encode(header)}.{forge.encode(payload)}"
    signature = jwt.get_algorithm_by_name(algorithm).sign(content.encode(), private)
    return f"{content}.{forge.encode(signature)}"


def _without_missing(members: Mapping[str, object]) -> bytes:
    return json.dumps({name: value for name, value in members.items() if value is not forge.MISSING}).encode()
