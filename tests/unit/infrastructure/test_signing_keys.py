"""Signing keys: generated, read from files, sealed in rows and opened again."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import import_key

from doorward.core.ports import SealedDataError
from doorward.domain.keys.exceptions import InvalidKeyFileError
from doorward.domain.keys.models import SIGNING_ALGORITHMS, NewKey, SigningAlgorithm, sealing_context
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.infrastructure.signing_keys import RSA_BITS, SigningKeyMaker, as_new_key, open_key
from doorward_client.public_keys import thumbprint
from tests.unit.infrastructure import ring
from tests.unit.infrastructure.forge import NOW
from tests.unit.infrastructure.ring import SEALER, new_key, opened, stored

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
ENCODING = serialization.Encoding
FORMAT = serialization.PrivateFormat


def _pem(key: Any, format_: serialization.PrivateFormat = FORMAT.PKCS8, password: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    pem: bytes = key.private_bytes(ENCODING.PEM, format_, encryption)
    return pem


def _jwk(members: dict[str, Any]) -> bytes:
    return json.dumps(members).encode()


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
async def test_new_keys_have_the_recommended_length(algorithm: SigningAlgorithm) -> None:
    new = await SigningKeyMaker().make(algorithm)
    members = json.loads(new.private)
    if algorithm == "RS256":
        assert len(base64.urlsafe_b64decode(f"{members['n']}==")) * 8 == RSA_BITS == 3072
        assert members["e"] == "AQAB"
    else:
        assert members["crv"] == "P-256"
    assert new.algorithm == algorithm


async def test_no_id_of_a_new_key_begins_with_a_hyphen() -> None:
    """One thumbprint in 64 begins with a hyphen, and commands would read it as an option."""
    maker = SigningKeyMaker()
    assert not [new.kid for new in [await maker.make("ES256") for _ in range(1_000)] if new.kid.startswith("-")]


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_id_of_a_key_is_its_thumbprint(algorithm: SigningAlgorithm) -> None:
    """A second implementation of RFC 7638 computes the same."""
    new = new_key(algorithm)
    assert import_key(json.loads(new.private)).thumbprint() == new.kid


def test_the_thumbprint_of_the_example_in_the_standard_is_computed() -> None:
    """The example is in RFC 7638 section 3.1."""
    # With spaces, because a long random text could be mistaken for a secret.
    modulus = """
        0vx7agoebGcQSuuPiLJXZptN9nnd rQmbXEps2aiAFbWhM78LhWx4cbbf AAtVT86zwu1RK7aPFFxuhDR1L6tS
        oc_BJECPebWKRXjBZCiFV4n3oknj hMstn64tZ_2W-5JsGY4Hc5n9yBXA rwl93lqt7_RN5w6Cf0h4QyQ5v-65
        YGjQR0_FDW2QvzqY368QQMicAtaS qzs8KJZgnYb9c7d0zgdAZHzu6qMQ vRL5hajrn1n91CbOpbISD08qNLyr
        dkt-bFTWhAI4vMQFh6WeZu0fM4lF d2NcRwr3XPksINHaQ-G_xBniIqbw 0Ls1jF44-csFCur-kEgU8awapJzK
        nqDKgw
    """
    members = {"kty": "RSA", "n": "".join(modulus.split()), "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(members) == "NzbLsXh8uDCcd-6MNwXF4W _7noWXFZAfHkxZsRGC9Xs".replace(" ", "")


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_a_key_set_has_no_private_member(algorithm: SigningAlgorithm) -> None:
    key = opened(new_key(algorithm))
    assert key.private is not None
    assert not PRIVATE_MEMBERS & set(key.jwk)
    secret = json.loads(new_key(algorithm).private)["d"]
    published = ring.ring_of(new_key(algorithm)).jwks().decode()
    assert secret not in published
    assert secret not in repr(key) + repr(new_key(algorithm)) + repr(stored(new_key(algorithm)))
    assert import_key(dict(key.jwk)).is_private is False


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_public_part_of_a_row_comes_from_the_sealed_content(algorithm: SigningAlgorithm) -> None:
    """An attacker who can write the table plants no key under another ID or in a row of the other algorithm."""
    row, other = stored(new_key(algorithm)), stored(new_key(algorithm, 2))
    assert open_key(row, SEALER).kid == new_key(algorithm).kid
    planted = [
        replace(row, sealed=other.sealed),
        replace(row, kid=other.kid),
        replace(row, algorithm="RS256" if algorithm == "ES256" else "ES256"),
        replace(row, sealed=new_key(algorithm).private),
        replace(row, sealed=b""),
    ]
    for each in planted:
        with pytest.raises(SealedDataError):
            open_key(each, SEALER)


def test_a_sealed_key_that_does_not_match_its_row_is_refused() -> None:
    """A defect, or an attacker with a sealing key, could seal another key for the row."""
    row, other = stored(new_key("ES256")), new_key("ES256", 2)
    wrong = SEALER.seal(other.private, context=sealing_context(row.kid, row.algorithm))
    with pytest.raises(SealedDataError):
        open_key(replace(row, sealed=wrong), SEALER)
    rsa_in_its_row = SEALER.seal(new_key("RS256").private, context=sealing_context(row.kid, row.algorithm))
    with pytest.raises(SealedDataError):
        open_key(replace(row, sealed=rsa_in_its_row), SEALER)


def test_a_key_that_another_key_sealed_is_refused() -> None:
    with pytest.raises(SealedDataError):
        open_key(stored(new_key("ES256")), AesGcmSealer([bytes(32)]))


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_public_part_of_a_key_verifies_and_cannot_sign(algorithm: SigningAlgorithm) -> None:
    new = new_key(algorithm)
    public = SigningKeyMaker().public_part(new.private)
    assert SigningKeyMaker().public_part(public) == public
    assert not PRIVATE_MEMBERS & set(json.loads(public))
    sealed = SEALER.seal(public, context=sealing_context(new.kid, algorithm))
    key = open_key(replace(stored(new), sealed=sealed), SEALER)
    assert key.private is None
    assert key.jwk == opened(new).jwk


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_private_part_of_a_retired_key_is_not_loaded(algorithm: SigningAlgorithm) -> None:
    assert opened(new_key(algorithm), retires_at=NOW).private is None


P256 = ec.generate_private_key(ec.SECP256R1())


@cache
def _rsa(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def _rsa_jwk(**changes: object) -> bytes:
    return _jwk({**json.loads(as_new_key(_rsa()).private), **changes})


def _ec_jwk(**changes: object) -> bytes:
    return _jwk({**json.loads(as_new_key(P256).private), **changes})


def _member(new: NewKey, name: str) -> object:
    return json.loads(new.private)[name]


USUAL: dict[str, tuple[Callable[[], bytes], SigningAlgorithm]] = {
    "EC, PKCS 8": (lambda: _pem(P256), "ES256"),
    "EC, SEC 1": (lambda: _pem(P256, FORMAT.TraditionalOpenSSL), "ES256"),
    "empty lines around": (lambda: b"\n" + _pem(P256) + b"\n", "ES256"),
    "RSA, PKCS 8": (lambda: _pem(_rsa()), "RS256"),
    "RSA, PKCS 1": (lambda: _pem(_rsa(), FORMAT.TraditionalOpenSSL), "RS256"),
    "EC, JWK": (_ec_jwk, "ES256"),
    "RSA, JWK": (_rsa_jwk, "RS256"),
    "JWK with its id and use": (lambda: _ec_jwk(kid="mine", use="sig", alg="ES256"), "ES256"),
}


@pytest.mark.parametrize("name", USUAL)
def test_keys_in_common_file_formats_are_read(name: str) -> None:
    """Their ID is the thumbprint, regardless of an ID in the file."""
    content, algorithm = USUAL[name]
    assert SigningKeyMaker().read(content()) == as_new_key(P256 if algorithm == "ES256" else _rsa())


REFUSED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "not a key": lambda: b"nonsense",
    "malformed JSON": lambda: b"{",
    "no members": lambda: b"{}",
    "a list": lambda: b"[]",
    "not text": lambda: b"\xff\xfe",
    "an HMAC key": lambda: b'{"kty":"oct","k":"AAAA"}',
    "deeply nested": lambda: b'{"a":' * 10_000,
    "a short RSA key": lambda: _pem(_rsa(1024)),
    "a small exponent": lambda: _pem(_rsa(2048, 3)),
    "P-384": lambda: _pem(ec.generate_private_key(ec.SECP384R1())),
    "secp256k1": lambda: _pem(ec.generate_private_key(ec.SECP256K1())),
    "Ed25519": lambda: _pem(ed25519.Ed25519PrivateKey.generate()),
    "with a passphrase": lambda: _pem(P256, password=b"secret"),
    "a public key": lambda: P256.public_key().public_bytes(
        ENCODING.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "a public JWK": lambda: SigningKeyMaker().public_part(_ec_jwk()),
    "a public RSA JWK": lambda: SigningKeyMaker().public_part(_rsa_jwk()),
    "another curve's name": lambda: _ec_jwk(crv="P-384"),
    "an invalid point": lambda: _ec_jwk(x="AAAA"),
    "a number instead of a string": lambda: _ec_jwk(d=1),
    "another key's private part": lambda: _ec_jwk(d=_member(new_key("ES256"), "d")),
    "for encryption": lambda: _ec_jwk(use="enc"),
    "for another algorithm": lambda: _rsa_jwk(alg="PS256"),
    "another algorithm's name": lambda: _ec_jwk(alg="RS256"),
    "a wrong exponent": lambda: _rsa_jwk(d=_member(as_new_key(_rsa()), "p")),
    "another modulus": lambda: _rsa_jwk(n=_member(new_key("RS256"), "n")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_invalid_key_files_are_refused(name: str) -> None:
    with pytest.raises(InvalidKeyFileError):
        SigningKeyMaker().read(REFUSED[name]())
