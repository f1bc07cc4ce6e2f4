"""The keys of a key set that are used."""

from typing import Any

import pytest

from doorward_client.public_keys import parse_key_set
from tests.unit.client_library.signing import edwards_jwk, elliptic_key, encoded, key_set, rsa_key


def test_keys_are_found_by_id_and_algorithm() -> None:
    keys = parse_key_set(key_set(elliptic_key(), rsa_key()))
    assert len(keys) == 2
    assert keys.find("elliptic", "ES256")
    assert keys.find("rsa", "RS256")
    assert keys.find("elliptic", "RS256") is None
    assert keys.find("rsa", "HS256") is None


@pytest.mark.parametrize("member", ["alg", "use"])
def test_a_missing_alg_or_use_is_inferred_from_the_key_type(member: str) -> None:
    jwks = [{name: value for name, value in key.jwk().items() if name != member} for key in (elliptic_key(), rsa_key())]
    assert len(parse_key_set(key_set(*jwks))) == 2


@pytest.mark.parametrize(
    "ignored",
    [
        edwards_jwk("Ed25519"),
        edwards_jwk("EdDSA"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "elliptic", "alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa", "alg": "RS256"},
        rsa_key().jwk(kid="other", use="enc"),
        rsa_key().jwk(kid="other", key_ops=["encrypt"]),
        rsa_key().jwk(kid="other", key_ops="verify"),
        rsa_key().jwk(kid="other", alg="RS512"),
        rsa_key().jwk(kid="other", alg="HS256"),
        rsa_key().jwk(kid="other", alg=None),
        rsa_key().jwk(kid="other", d="AQAB"),
        rsa_key().private_jwk(kid="other"),
        elliptic_key().private_jwk(kid="other"),
        rsa_key().jwk(kid="other", n="AQAB"),
        rsa_key().jwk(kid="other", n="!"),
        rsa_key().jwk(kid="other", n=1),
        rsa_key().jwk(kid="other", e="AA"),
        rsa_key().jwk(kid="other", e=encoded((2**32 + 1).to_bytes(5))),
        rsa_key().jwk(kid="other", p="AQAB"),
        rsa_key().jwk(kid=1),
        rsa_key().jwk(kid=["other"]),
        rsa_key("short", 1024).jwk(),
        elliptic_key().jwk(kid="other", crv="P-384"),
        elliptic_key().jwk(kid="other", crv=["P-256"]),
        elliptic_key().jwk(kid="other", x=elliptic_key().jwk()["y"]),
        elliptic_key().jwk(kid="other", y=None),
        {"kid": "other"},
        {},
        None,
        [],
        "key",
    ],
    ids=range(31),
)
def test_an_unusable_key_is_ignored_and_the_others_are_kept(ignored: Any) -> None:
    keys = parse_key_set(key_set(elliptic_key(), ignored, rsa_key()))
    assert len(keys) == 2
    assert keys.find("other", "RS256") is None
    assert keys.find("other", "ES256") is None
    assert keys == parse_key_set(key_set(elliptic_key(), rsa_key()))


def test_two_different_keys_with_one_id_are_both_ignored() -> None:
    keys = parse_key_set(key_set(elliptic_key(), elliptic_key("second").jwk(kid="elliptic"), rsa_key()))
    assert keys.find("elliptic", "ES256") is None
    assert keys.find("rsa", "RS256")


def test_a_key_that_is_listed_twice_counts_once() -> None:
    assert len(parse_key_set(key_set(elliptic_key(), elliptic_key()))) == 1


def test_keys_of_two_algorithms_may_have_one_id() -> None:
    keys = parse_key_set(key_set(elliptic_key(), rsa_key().jwk(kid="elliptic")))
    assert keys.find("elliptic", "ES256")
    assert keys.find("elliptic", "RS256")


def test_without_a_key_id_the_only_key_of_the_algorithm_is_used() -> None:
    keys = parse_key_set(key_set(elliptic_key(), rsa_key(), rsa_key("second")))
    assert keys.find(None, "ES256") == keys.find("elliptic", "ES256")
    assert keys.find(None, "RS256") is None


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b"{}", b'{"keys": {}}', b'{"keys": null}', b"\xff"])
def test_an_invalid_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_key_set(document)
