"""The overhead of doorward-client, compared with PyJWT's own decode of the same tokens.

Run it with ``python -m benchmarks.client_library``. Both verify each token once, alternating, so that disturbances
affect both; the median CPU time of each is shown. Then doorward-client verifies the tokens again from its cache. A
second table compares each figure with its target.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from benchmarks.markdown import table
from benchmarks.samples import Sample, Series
from benchmarks.speed.page import targets_table
from benchmarks.speed.targets import Target
from doorward_client import Doorward
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials

ISSUER: Final = "https://accounts.example"
AUDIENCE: Final = "https://orders.example"
KEY_ID: Final = "key-1"
TOKENS: Final = 2000
PASSES: Final = 20
"""Passes over all cached tokens."""

MICROSECONDS: Final = 1e6
ALGORITHMS: Final = ("ES256", "RS256")
DECODE: Final = "PyJWT's decode"
FIRST: Final = "first time"
REMEMBERED: Final = "remembered"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _targets(algorithm: str) -> Sequence[Target]:
    decode, first, remembered = (f"{algorithm}: {each}" for each in (DECODE, FIRST, REMEMBERED))
    return (
        Target(
            f"{algorithm}, first time: µs more than PyJWT's decode",
            15,
            (first, decode),
            lambda series: series.median(first) - series.median(decode),
            at_most=True,
            is_ratio=False,
        ),
        Target(
            f"{algorithm}, remembered: µs",
            3,
            (remembered,),
            lambda series: series.median(remembered),
            at_most=True,
            is_ratio=False,
        ),
    )


TARGETS: Final = tuple(target for algorithm in ALGORITHMS for target in _targets(algorithm))


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
        """Refuse: no token is introspected."""
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


async def measure(series: Series, algorithm: str, key: PrivateKey, jwk: Mapping[str, Any]) -> None:
    """Add the microseconds of PyJWT's decode, of the first verification, and of a cached one."""
    auth = Doorward(ISSUER, AUDIENCE)
    auth.use_transport(OneKey({**jwk, "kid": KEY_ID, "alg": algorithm, "use": "sig"}))
    tokens = signed_tokens(key, algorithm)
    public_key = key.public_key()
    await auth.verify(tokens.pop())  # fetches the keys
    for token in tokens:
        started = time.process_time()
        jwt.decode(token, public_key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)
        between = time.process_time()
        await auth.verify(token)
        series.add(f"{algorithm}: {FIRST}", Sample(MICROSECONDS * (time.process_time() - between)))
        series.add(f"{algorithm}: {DECODE}", Sample(MICROSECONDS * (between - started)))
    for _ in range(PASSES):
        started = time.process_time()
        for token in tokens:
            await auth.verify(token)
        seconds = (time.process_time() - started) / len(tokens)
        series.add(f"{algorithm}: {REMEMBERED}", Sample(MICROSECONDS * seconds))


def report(series: Series) -> str:
    """Return the figures, and which of them reach their targets."""
    rows = [["µs a token", DECODE, FIRST, "more", REMEMBERED]]
    for algorithm in ALGORITHMS:
        decoded, first, remembered = (series.median(f"{algorithm}: {each}") for each in (DECODE, FIRST, REMEMBERED))
        rows.append([algorithm, f"{decoded:.1f}", f"{first:.1f}", f"{first - decoded:+.1f}", f"{remembered:.2f}"])
    figures = {target.name: target.figure(series) for target in TARGETS}
    return "\n".join([table(rows), targets_table({"figures": figures}, TARGETS)])


def main() -> None:
    """Print both tables."""
    elliptic_key = ec.generate_private_key(ec.SECP256R1())
    rsa_key = rsa.generate_private_key(65537, 3072)
    series = Series()
    asyncio.run(measure(series, "ES256", elliptic_key, ECAlgorithm.to_jwk(elliptic_key.public_key(), as_dict=True)))
    asyncio.run(measure(series, "RS256", rsa_key, RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True)))
    print(report(series))


if __name__ == "__main__":
    main()
