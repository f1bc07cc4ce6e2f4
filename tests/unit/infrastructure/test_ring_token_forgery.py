"""Forged tokens of the key ring, with confused keys, algorithms, kinds or spellings, one attack per test."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.keys.models import SIGNING_ALGORITHMS, NewKey, SigningAlgorithm
from tests.unit.infrastructure import forge, ring
from tests.unit.infrastructure.forge import CLAIMS, HEADER, MISSING, NOW, PRINCIPAL
from tests.unit.infrastructure.ring import CLIENT_CLAIMS, new_key, ring_of, tokens_with

DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def _refused(token: str) -> None:
    """Assert that `verify` and `read` refuse the token, with each algorithm of first-party tokens."""
    for algorithm in ("HS256", "ES256", "RS256"):
        tokens = tokens_with(ring_of(*(new_key(each) for each in SIGNING_ALGORITHMS)), algorithm)
        for accept in (tokens.verify, tokens.read):
            with pytest.raises(InvalidAccessTokenError):
                accept(token, NOW)


def _private(key: NewKey) -> Any:
    return jwt.PyJWK(json.loads(key.private), algorithm=key.algorithm).key


def _public_texts(key: NewKey) -> list[bytes]:
    """Return the spellings of a public key that an attacker could use as the secret of an HMAC."""
    public = _private(key).public_key()
    spki, encodings = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding
    pem = public.public_bytes(encodings.PEM, spki)
    members = ring.opened(key).jwk
    return [
        pem,
        pem.strip(),
        public.public_bytes(encodings.DER, spki),
        json.dumps(dict(members)).encode(),
        json.dumps(dict(members), separators=(",", ":")).encode(),
        ring_of(key).jwks(),
        key.kid.encode(),
    ]


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
@pytest.mark.parametrize("with_kid", [True, False])
@pytest.mark.parametrize("hmac", DIGESTS)
def test_an_hmac_with_the_public_key_is_refused(algorithm: SigningAlgorithm, hmac: str, *, with_kid: bool) -> None:
    key = new_key(algorithm)
    header = {**HEADER, "alg": hmac, **({"kid": key.kid} if with_kid else {})}
    for text in _public_texts(key):
        _refused(forge.sealed(json.dumps(header).encode(), json.dumps(CLAIMS).encode(), key=text, digest=DIGESTS[hmac]))


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", ""])
def test_a_token_without_signature_is_refused_for_every_key(spelling: str) -> None:
    for algorithm in SIGNING_ALGORITHMS:
        header = forge.encode(json.dumps({**HEADER, "alg": spelling, "kid": new_key(algorithm).kid}).encode())
        payload = forge.encode(json.dumps(CLAIMS).encode())
        for signature in ("", "AAAA"):
            _refused(f"{header}.{payload}.{signature}")


@pytest.mark.parametrize(("signer", "named"), [("ES256", "RS256"), ("RS256", "ES256")])
def test_a_key_of_another_algorithm_is_refused(signer: SigningAlgorithm, named: SigningAlgorithm) -> None:
    _refused(ring.signed(new_key(signer), kid=new_key(named).kid))
    _refused(ring.signed(new_key(signer), kid=new_key(named).kid, alg=named))
    _refused(ring.signed(new_key(signer), alg=named))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_another_algorithm_of_the_same_rsa_key_is_refused(algorithm: str) -> None:
    key = new_key("RS256")
    token = jwt.encode(CLAIMS, _private(key), algorithm=algorithm, headers={"typ": "at+jwt", "kid": key.kid})
    _refused(token)


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_a_derived_key_signs_no_token_with_a_key_id_of_the_ring(algorithm: SigningAlgorithm) -> None:
    for alg in ("HS256", algorithm):
        _refused(forge.with_header(kid=new_key(algorithm).kid, alg=alg))


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_a_ring_token_without_a_key_id_is_refused(algorithm: SigningAlgorithm) -> None:
    _refused(ring.signed(new_key(algorithm), kid=MISSING))


@pytest.mark.parametrize("kid", [None, "", 1, True, [], ["a"], {}, "unknown", "../key", "' OR 1=1 --", "\u0000"])
def test_an_unknown_key_id_is_refused(kid: object) -> None:
    _refused(ring.signed(new_key("ES256"), kid=kid))
    _refused(forge.with_header(kid=kid))


def test_a_key_in_the_header_is_not_used() -> None:
    stranger = new_key("ES256", 7)
    brought = {name: value for name, value in json.loads(stranger.private).items() if name != "d"}
    _refused(ring.signed(stranger, jwk=brought))
    _refused(ring.signed(stranger, jwk=brought, kid=new_key("ES256").kid))
    _refused(ring.signed(stranger, jwk=brought, kid=MISSING))
    _refused(ring.signed(stranger, jku="https://evil.example.com/jwks", kid=new_key("ES256").kid))


@pytest.mark.parametrize("critical", [["exp"], ["b64"], ["kid"], [], "kid", None])
def test_critical_extensions_are_refused(critical: object) -> None:
    _refused(ring.signed(new_key("ES256"), crit=critical))


def test_a_critical_extension_that_pyjwt_accepts_is_refused() -> None:
    _refused(ring.signed(new_key("ES256"), b64=True, crit=["b64"]))


@pytest.mark.parametrize("value", ["JWT", "id_token", "logout+jwt", "", None, MISSING])
def test_another_type_is_refused_despite_a_valid_signature(value: object) -> None:
    _refused(ring.signed(new_key("ES256"), typ=value))


@pytest.mark.parametrize("issuer", ["doorward", "https://other.example.com", "https://auth.example.com/", "", None, 1])
def test_another_issuer_is_refused_despite_a_valid_signature(issuer: object) -> None:
    _refused(ring.signed(new_key("ES256"), {**CLAIMS, "iss": issuer}))


def _with_repeated_member(members: dict[str, Any], name: str, value: object, *, first: bool) -> bytes:
    """Return a JSON object in which one member is repeated, once with the given value."""
    rest = json.dumps(members)
    other = f"{json.dumps(name)}:{json.dumps(value)}"
    return (f"{{{other},{rest[1:]}" if first else f"{rest[:-1]},{other}}}").encode()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("name", "value"), [("alg", "ES256"), ("alg", "none"), ("typ", "at+jwt"), ("kid", "x")])
def test_a_repeated_header_member_is_refused(name: str, value: object, *, first: bool) -> None:
    key = new_key("ES256")
    header = _with_repeated_member({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, name, value, first=first)
    _refused(ring.sealed_by(_private(key), "ES256", header, json.dumps(CLAIMS).encode()))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", ["sub", "aud", "scope", "exp", "sid"])
def test_a_repeated_claim_is_refused(name: str, *, first: bool) -> None:
    payload = _with_repeated_member(CLAIMS, name, CLAIMS[name], first=first)
    _refused(ring.signed(new_key("ES256"), payload))
    _refused(forge.sealed(json.dumps(HEADER).encode(), payload))


@pytest.mark.parametrize(
    "spelling",
    [
        lambda token: f"{token}=",
        lambda token: f"{token}==",
        lambda token: token.replace(".", "=.", 1),
        lambda token: f"{token}\n",
        lambda token: f" {token}",
        lambda token: f"{token[:-8]}\n{token[-8:]}",
        lambda token: f"{token[:-8]}!{token[-8:]}",
        lambda token: f"{token}.",
        lambda token: token.replace("-", "+").replace("_", "/"),
    ],
)
def test_another_spelling_of_base64_is_refused(spelling: Callable[[str], str]) -> None:
    """A lenient decoder would return the same bytes for each."""
    for token in _signatures_with_both_special_characters():
        _refused(spelling(token))


def _signatures_with_both_special_characters() -> list[str]:
    """Return a valid token of each kind with ``-`` or ``_`` in its signature, which differ between the alphabets."""
    return [
        next(
            token
            for number in range(1000)
            if {"-", "_"} & set((token := _valid_token({**CLAIMS, "jti": str(number)}, kind)).rpartition(".")[2])
        )
        for kind in ("ring", "derived")
    ]


def _valid_token(claims: dict[str, Any], kind: str) -> str:
    return ring.signed(new_key("ES256"), claims) if kind == "ring" else forge.with_claims(**claims)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_another_encoding_of_the_claims_is_refused(encoding: str) -> None:
    payload = json.dumps(CLAIMS).encode(encoding)
    _refused(ring.signed(new_key("ES256"), payload))
    _refused(forge.sealed(json.dumps(HEADER).encode(), payload))


@pytest.mark.parametrize(
    "claims",
    [
        {**CLIENT_CLAIMS, "client_id": "dwc_other"},
        {**CLIENT_CLAIMS, "sub": None},
        {**CLIENT_CLAIMS, "client_id": MISSING},
        {**CLIENT_CLAIMS, "scope": MISSING},
        {**CLIENT_CLAIMS, "scope": ["items:read"]},
        {**CLIENT_CLAIMS, "jti": MISSING},
        {**CLIENT_CLAIMS, "aud": [CLIENT_CLAIMS["aud"]]},
        {**CLIENT_CLAIMS, "iat": MISSING},
        {**CLIENT_CLAIMS, "iat": 10**400},
        {**CLIENT_CLAIMS, "iat": -(10**18)},
        {**CLIENT_CLAIMS, "exp": str(CLIENT_CLAIMS["exp"])},
        {**CLIENT_CLAIMS, "sid": None},
        {**CLIENT_CLAIMS, "sid": ""},
        {**CLAIMS, "sid": MISSING},
    ],
)
def test_claims_that_are_neither_of_a_user_nor_of_a_client_are_refused(claims: dict[str, Any]) -> None:
    _refused(ring.signed(new_key("ES256"), claims))


def test_a_client_token_of_a_derived_key_is_refused() -> None:
    _refused(forge.sealed(json.dumps(HEADER).encode(), json.dumps({**CLIENT_CLAIMS, "aud": CLAIMS["aud"]}).encode()))


def test_the_valid_tokens_of_these_tests_are_accepted() -> None:
    """The tests above would pass if everything were refused."""
    tokens = tokens_with(ring_of(*(new_key(each) for each in SIGNING_ALGORITHMS)))
    for algorithm in SIGNING_ALGORITHMS:
        assert tokens.verify(ring.signed(new_key(algorithm)), NOW) == PRINCIPAL
        assert tokens.verify(ring.signed(new_key(algorithm), CLIENT_CLAIMS), NOW)
    assert tokens.verify(forge.with_claims(), NOW) == PRINCIPAL
