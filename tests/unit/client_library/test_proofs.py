"""Proofs of possession of a key (RFC 9449 section 4.3): only those for the current request are accepted."""

import hashlib
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward_client import InvalidProofError, InvalidTokenError, PresentedProof
from doorward_client.proofs import LEEWAY_SECONDS, LIFE_SECONDS, VerifiedProof, bound_thumbprint, verify_proof
from doorward_client.public_keys import thumbprint
from tests.unit.client_library.signing import NOW, encoded

URL = "https://auth.example/oauth/token"
TOKEN = "an.access.token"
KEY = generate_private_key(SECP256R1())
JWK = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
RSA = generate_rsa_key(65537, 2048)
CLAIMS = {"jti": "1", "htm": "POST", "htu": URL, "iat": NOW}


def signed(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> str:
    members = {name: value for name, value in {**CLAIMS, **(claims or {})}.items() if value is not None}
    return jwt.encode(members, KEY, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": JWK, **(header or {})})


def read(text: str, now: float = NOW, *, url: str = URL, access_token: str | None = None) -> VerifiedProof | None:
    """Return a valid proof, or None if it is refused."""
    try:
        return verify_proof(PresentedProof(text, "POST", url), now, access_token=access_token)
    except InvalidProofError:
        return None


def test_a_valid_proof_has_the_thumbprint_of_its_key_and_a_nonce_for_its_jti() -> None:
    proof = read(signed())
    assert proof is not None
    assert proof.thumbprint == thumbprint(JWK)
    assert proof.expires_at == NOW + LIFE_SECONDS + LEEWAY_SECONDS
    assert read(signed()) == proof
    other = read(signed({"jti": "2"}))
    assert other is not None
    assert other.nonce != proof.nonce


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "jwt"},
        {"typ": "at+jwt"},
        {"typ": None},
        {"crit": ["exp"], "exp": 1},
        {"jwk": None},
        {"jwk": "x"},
        {"jwk": {**JWK, "d": "AA"}},
        {"jwk": {**JWK, "k": "AA"}},
        {"jwk": ECAlgorithm.to_jwk(KEY, as_dict=True)},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"jwk": {**JWK, "use": "enc"}},
        {"jwk": {**JWK, "alg": "RS256"}},
        {"jwk": ECAlgorithm.to_jwk(generate_private_key(SECP256R1()).public_key(), as_dict=True)},
        {"jwk": ECAlgorithm.to_jwk(generate_private_key(SECP384R1()).public_key(), as_dict=True)},
        {"jwk": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True)},
    ],
)
def test_a_proof_of_another_type_or_with_an_unusable_key_is_refused(header: dict[str, Any]) -> None:
    assert read(signed(header=header)) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "x" * 256},
        {"jti": "a\x00"},
        {"htm": None},
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": ["POST"]},
        {"htu": None},
        {"htu": 1},
        {"htu": "https://auth.example/oauth/par"},
        {"htu": "https://auth.example/oauth/token/"},
        {"htu": "https://other.example/oauth/token"},
        {"htu": "https://auth.example:8443/oauth/token"},
        {"htu": "https://auth.example:x/oauth/token"},
        {"htu": "http://auth.example/oauth/token"},
        {"htu": "https://user@auth.example/oauth/token"},
        {"htu": "/oauth/token"},
        {"htu": "https://auth.example/oauth/\ntoken"},
        {"iat": None},
        {"iat": str(NOW)},
        {"iat": True},
        {"iat": float("nan")},
        {"iat": float("inf")},
        {"iat": 10**400},
        {"iat": 1e300},
    ],
)
def test_a_proof_for_another_request_or_with_an_invalid_claim_is_refused(claims: dict[str, Any]) -> None:
    assert read(signed(claims)) is None


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://Auth.Example/oauth/token",
        "https://auth.example:443/oauth/token",
        f"{URL}?a=b#c",
        "https://auth.example/oauth/%74oken",
    ],
)
def test_urls_are_normalised_before_they_are_compared(htu: str) -> None:
    assert read(signed({"htu": htu})) is not None


@pytest.mark.parametrize(
    ("url", "htu", "is_equal"),
    [
        ("https://a.example/x%20y", "https://a.example/x%20y", True),
        ("https://a.example/x%2fy", "https://a.example/x%2Fy", True),
        ("https://a.example/x%2Fy", "https://a.example/x/y", False),
        ("https://a.example/x%20y", "https://a.example/x y", False),
        ("https://a.example/%C3%A9", "https://a.example/%c3%a9", True),
        ("https://a.example/%C3%A9", "https://a.example/\u00e9", False),
        ("https://a.example/%", "https://a.example/%", True),
        ("https://a.example", "https://a.example/", True),
        ("https://a.example/x", "https://a.example/X", False),
        ("https://a.example/x", "https://a.example/y/../x", False),
        ("https://[::1]:8000/x", "https://[::1]:8000/x", True),
        ("", "", False),
        ("/x", "/x", False),
        ("https://[a/", "https://[a/", False),
    ],
)
def test_paths_are_compared_in_their_normalised_encoding(url: str, htu: str, *, is_equal: bool) -> None:
    assert (read(signed({"htu": htu}), url=url) is not None) is is_equal


def test_a_proof_is_valid_for_a_minute_plus_the_clock_leeway() -> None:
    assert (LIFE_SECONDS, LEEWAY_SECONDS) == (60, 30)
    assert read(signed(), NOW + 89.999) is not None
    assert read(signed(), NOW + 90) is None
    assert read(signed(), NOW - 30) is not None
    assert read(signed(), NOW - 30.001) is None


def test_a_proof_must_contain_the_digest_of_the_access_token() -> None:
    digest = encoded(hashlib.sha256(TOKEN.encode()).digest())
    assert read(signed({"ath": digest}), access_token=TOKEN) is not None
    for other in (None, digest.lower(), encoded(hashlib.sha256(b"x").digest()), TOKEN):
        assert read(signed({"ath": other}), access_token=TOKEN) is None


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")  # PyJWT warns when it signs with it
def test_a_short_rsa_key_is_refused() -> None:
    for key, is_read in ((RSA, True), (generate_rsa_key(65537, 1024), False)):
        jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        text = jwt.encode(CLAIMS, key, algorithm="RS256", headers={"typ": "dpop+jwt", "jwk": jwk})
        assert (read(text) is not None) is is_read


def test_an_rsa_key_with_a_long_exponent_is_refused() -> None:
    key = generate_rsa_key(65537, 2048)
    jwk = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "e": encoded((2**64 + 1).to_bytes(9))}
    text = jwt.encode(CLAIMS, key, algorithm="RS256", headers={"typ": "dpop+jwt", "jwk": jwk})
    assert read(text) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", None])
def test_a_proof_that_names_another_algorithm_is_refused(algorithm: str | None) -> None:
    for named, is_read in (("ES256", True), (algorithm, False)):
        header = json.dumps({"typ": "dpop+jwt", "alg": named, "jwk": JWK}).encode()
        head = f"{encoded(header)}.{encoded(json.dumps(CLAIMS).encode())}"
        signature = jwt.get_algorithm_by_name("ES256").sign(head.encode(), KEY)
        assert (read(f"{head}.{encoded(signature)}") is not None) is is_read


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_proof_that_no_private_key_signed_is_refused(algorithm: str) -> None:
    header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": JWK}
    content = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(CLAIMS).encode())}"
    assert read(f"{content}.") is None
    assert read(f"{content}.{encoded(b'x' * 32)}") is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "a.b.c", "a.b.c.d", "é.b.c", "x" * 9000])
def test_a_malformed_proof_is_refused(text: str) -> None:
    assert read(text) is None


def test_a_proof_with_a_repeated_member_is_refused() -> None:
    content = json.dumps(CLAIMS)[:-1] + ', "htm": "POST"}'
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": JWK}
    head = f"{encoded(json.dumps(header).encode())}.{encoded(content.encode())}"
    signature = jwt.get_algorithm_by_name("ES256").sign(head.encode(), KEY)
    assert read(f"{head}.{encoded(signature)}") is None


def test_the_thumbprint_does_not_depend_on_the_spelling_of_the_key() -> None:
    spelled = read(signed(header={"jwk": {**JWK, "kid": "a", "use": "sig", "x": JWK["x"] + "="}}))
    assert spelled is None or spelled.thumbprint == thumbprint(JWK)


def test_the_thumbprint_of_a_bound_token_is_that_of_its_confirmation() -> None:
    assert bound_thumbprint({"sub": "ada"}) is None
    assert bound_thumbprint({"cnf": {"jkt": "x"}}) == "x"


@pytest.mark.parametrize(
    "confirmation",
    [None, "x", [], {}, {"jkt": None}, {"jkt": ""}, {"jkt": 1}, {"x5t#S256": "x"}, {"jwk": JWK}, {"kid": "x"},
     {"jkt": "x", "x5t#S256": "x"}],
)  # fmt: skip
def test_a_token_that_is_bound_by_another_method_is_refused(confirmation: object) -> None:
    with pytest.raises(InvalidTokenError, match="not known"):
        bound_thumbprint({"cnf": confirmation})
