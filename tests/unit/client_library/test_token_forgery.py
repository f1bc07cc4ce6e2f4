"""Forged, malformed and ambiguous tokens are refused."""

import json
from dataclasses import replace
from typing import Any, Final

import jwt
import pytest

from doorward_client.compact_jws import MAXIMUM_LENGTH
from doorward_client.exceptions import InvalidTokenError, UnknownKeyError
from doorward_client.public_keys import PublicKeys, parse_key_set
from doorward_client.verification import (
    IssuerRules,
    TokenRule,
    VerifiedToken,
    verify_token,
)
from tests.unit.client_library.signing import (
    AUDIENCE,
    ISSUER,
    SigningKey,
    claims,
    elliptic_key,
    encoded,
    key_set,
    rsa_key,
)

RULES: Final = IssuerRules(ISSUER, frozenset({AUDIENCE}))
COGNITO: Final = TokenRule(header_types=None, marks=(("token_use", "access"),), audience_claim="client_id")


def keys() -> PublicKeys:
    return parse_key_set(key_set(elliptic_key(), rsa_key()))


def verified(token: str, rules: IssuerRules = RULES) -> VerifiedToken:
    return verify_token(token, keys(), rules)


def without_signature(algorithm: str) -> str:
    header = json.dumps({"alg": algorithm, "kid": "elliptic", "typ": "at+jwt"}).encode()
    return f"{encoded(header)}.{encoded(json.dumps(claims()).encode())}"


def with_extra_member(member: str) -> str:
    return f"{json.dumps(claims())[:-1]}, {member}}}"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "logout+jwt"},
        {"typ": None},
        {"typ": 1},
        {"kid": 1},
        {"kid": ["elliptic"]},
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": "ES384"},
        {"alg": None},
        {"alg": ["ES256"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"b64": True},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign(claims(), **header))


def test_keys_in_the_header_are_never_used() -> None:
    thief = SigningKey("elliptic", "ES256", elliptic_key("thief").key)
    with pytest.raises(InvalidTokenError):
        verified(thief.sign(claims(), jwk=thief.jwk()))


@pytest.mark.parametrize("signature", ["", ".", ".AAAA"])
@pytest.mark.parametrize("algorithm", ["none", "None", "ES256"])
def test_a_token_without_a_signature_is_refused(algorithm: str, signature: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(f"{without_signature(algorithm)}{signature}")


@pytest.mark.parametrize("secret", [rsa_key().pem(), elliptic_key().pem(), b"rsa" * 20], ids=["rsa", "ec", "kid"])
def test_a_public_key_is_not_accepted_as_a_shared_secret(secret: bytes) -> None:
    signed = without_signature("HS256")
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), secret)
    with pytest.raises(InvalidTokenError):
        verified(f"{signed}.{encoded(signature)}")


def test_a_key_verifies_no_signature_of_another_algorithm() -> None:
    with pytest.raises(UnknownKeyError):
        verified(rsa_key().sign(claims(), kid="elliptic"))


def test_an_algorithm_that_the_issuer_does_not_use_is_refused() -> None:
    elliptic_only = replace(RULES, algorithms=frozenset({"ES256"}))
    assert verified(elliptic_key().sign(claims()), elliptic_only)
    with pytest.raises(InvalidTokenError):
        verified(rsa_key().sign(claims()), elliptic_only)


def test_a_changed_token_is_refused() -> None:
    header, payload, signature = elliptic_key().sign(claims()).split(".")
    other = encoded(json.dumps(claims(sub="user-2")).encode())
    assert verified(f"{header}.{payload}.{signature}")
    with pytest.raises(InvalidTokenError):
        verified(f"{header}.{other}.{signature}")


def test_an_unknown_key_has_its_own_error() -> None:
    with pytest.raises(UnknownKeyError):
        verified(elliptic_key("rotated").sign(claims()))


def test_a_token_without_a_key_id_uses_the_only_key_of_its_algorithm() -> None:
    token = elliptic_key().sign(claims(), kid=None)
    assert verified(token)
    two = parse_key_set(key_set(elliptic_key(), elliptic_key("second")))
    with pytest.raises(UnknownKeyError):
        verify_token(token, two, RULES)


@pytest.mark.parametrize(
    "payload",
    [
        with_extra_member('"sub": "admin"'),
        with_extra_member('"realm": {"role": "a", "role": "b"}'),
        with_extra_member('"limit": NaN'),
        with_extra_member('"limit": Infinity'),
        f"[{json.dumps(claims())}]",
        "1",
        "",
        "{",
        with_extra_member(f'"deep": {"[" * 2500}{"]" * 2500}'),
        with_extra_member(f'"digits": {"1" * 4500}'),
    ],
    ids=["member", "nested member", "NaN", "Infinity", "list", "number", "empty", "truncated", "deep", "digits"],
)
def test_an_ambiguous_or_malformed_payload_is_refused(payload: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign_text(payload))


@pytest.mark.parametrize("exponent", ["1e400", "-1e400"])
def test_an_infinite_expiry_is_refused(exponent: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign_text(f'{json.dumps(claims(exp=None))[:-1]}, "exp": {exponent}}}'))


def test_a_header_with_a_repeated_member_is_refused() -> None:
    header = '{"alg": "ES256", "kid": "thief", "kid": "elliptic", "typ": "at+jwt"}'
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign_texts(header, json.dumps(claims())))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: f"{token}=",
        lambda token: f"{token}==",
        lambda token: token.replace(".", "=.", 1),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: f"{token}.",
        lambda token: f"{token}.{token}",
        lambda token: token.replace(".", "", 1),
        lambda token: f"{token}é",
        lambda token: f"{token}\ud800",
        lambda token: f"{token}A",
        lambda token: f"{token}AAA",
        lambda _: "",
        lambda _: "..",
    ],
)
def test_a_token_in_any_other_spelling_is_refused(spoil: Any) -> None:
    with pytest.raises(InvalidTokenError):
        verified(spoil(elliptic_key().sign(claims())))


@pytest.mark.parametrize("key", [elliptic_key(), rsa_key()], ids=["ES256", "RS256"])
def test_a_signature_has_one_spelling(key: SigningKey) -> None:
    """The last character of both has unused bits, which decoders ignore."""
    token = key.sign(claims())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = f"{token[:-1]}{alphabet[alphabet.index(token[-1]) + 1]}"
    assert verified(token)
    with pytest.raises(InvalidTokenError, match="malformed"):
        verified(other)


def test_an_overlong_token_is_refused_before_it_is_parsed() -> None:
    padding = "x" * (MAXIMUM_LENGTH // 2)
    assert verified(elliptic_key().sign(claims(padding=padding)))
    with pytest.raises(InvalidTokenError, match="too long"):
        verified(elliptic_key().sign(claims(padding=2 * padding)))


def test_no_refusal_shows_any_part_of_the_token() -> None:
    token = elliptic_key().sign(claims(aud="https://secret-name.example"))
    with pytest.raises(InvalidTokenError) as refused:
        verified(token)
    assert "secret-name" not in str(refused.value)
    assert token.split(".")[1] not in str(refused.value)
