"""What doorward-client adds to a call, beside PyJWT's own decode of the same tokens.

Run it with ``python -m benchmarks.client_library``. Both verify each token once, by turns, so that both meet the same
disturbances; the median of the processor time of each is shown. Then doorward-client verifies the tokens again, which
it remembers.
"""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward_client import Doorward
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials

ISSUER: Final = "https://accounts.example"
AUDIENCE: Final = "https://orders.example"
KEY_ID: Final = "key-1"
TOKENS: Final = 2000
PASSES: Final = 20
"""Over all remembered tokens."""

MICROSECONDS: Final = 1e6

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class OneKey:
    """An issuer with one key, without a network."""

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        self._documents = {
            f"{ISSUER}/.well-known/oauth-authorization-server": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/oauth/jwks"},
            f"{ISSUER}/oauth/jwks": {"keys": [jwk]},
        }

    async def get(self, address: str) -> FetchedKeys:
        """Return the metadata or the key set."""
        return FetchedKeys(json.dumps(self._documents[address]).encode(), "max-age=3600")

    async def post(self, address: str, _form: Mapping[str, str], _credentials: ClientCredentials) -> bytes:
        """Refuse: nothing is introspected."""
        raise FetchError(address)


def signed_tokens(key: PrivateKey, algorithm: str) -> list[str]:
    """Return tokens with the claims of doorward's own, each of another user."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": now + 600,
        "iat": now,
        "sid": secrets.token_hex(16),
        "client_id": "dwc_orders",
        "scope": "orders:read orders:write",
        "auth_time": now,
        "acr": "2",
        "amr": ["pwd", "otp"],
    }
    headers = {"typ": "at+jwt", "kid": KEY_ID}
    return [
        jwt.encode({**claims, "sub": f"user-{number}", "jti": secrets.token_hex(16)}, key, algorithm, headers)
        for number in range(TOKENS)
    ]


async def measure(algorithm: str, key: PrivateKey, jwk: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the microseconds of PyJWT's decode, of the first verification, and of a remembered one."""
    auth = Doorward(ISSUER, AUDIENCE)
    auth.use_transport(OneKey({**jwk, "kid": KEY_ID, "alg": algorithm, "use": "sig"}))
    tokens = signed_tokens(key, algorithm)
    public_key = key.public_key()
    await auth.verify(tokens.pop())  # which fetches the keys
    decoded, verified = [], []
    for token in tokens:
        started = time.process_time()
        jwt.decode(token, public_key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)
        between = time.process_time()
        await auth.verify(token)
        decoded.append(between - started)
        verified.append(time.process_time() - between)
    remembered = []
    for _ in range(PASSES):
        started = time.process_time()
        for token in tokens:
            await auth.verify(token)
        remembered.append((time.process_time() - started) / len(tokens))
    return tuple(MICROSECONDS * statistics.median(each) for each in (decoded, verified, remembered))  # type: ignore[return-value] # of three


def main() -> None:
    """Print a table."""
    elliptic_key = ec.generate_private_key(ec.SECP256R1())
    rsa_key = rsa.generate_private_key(65537, 3072)
    keys: list[tuple[str, PrivateKey, Mapping[str, Any]]] = [
        ("ES256", elliptic_key, ECAlgorithm.to_jwk(elliptic_key.public_key(), as_dict=True)),
        ("RS256", rsa_key, RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True)),
    ]
    print("| µs a token | PyJWT's decode | first time | more | remembered |\n|---|---|---|---|---|")
    for algorithm, key, jwk in keys:
        decoded, first, remembered = asyncio.run(measure(algorithm, key, jwk))
        print(f"| {algorithm} | {decoded:.1f} | {first:.1f} | {first - decoded:+.1f} | {remembered:.2f} |")


if __name__ == "__main__":
    main()
