"""Only genuine tokens of this issuer, for this service and the current time, are accepted."""

import math
from dataclasses import replace
from typing import Any, Final

import pytest

from doorward_client.exceptions import InvalidTokenError
from doorward_client.public_keys import PublicKeys, parse_key_set
from doorward_client.verification import (
    RFC_9068,
    IssuerRules,
    TokenRule,
    VerifiedToken,
    read_issuer,
    verify_token,
)
from tests.unit.client_library.signing import (
    AUDIENCE,
    ISSUER,
    NOW,
    SigningKey,
    claims,
    elliptic_key,
    key_set,
    rsa_key,
)

RULES: Final = IssuerRules(ISSUER, frozenset({AUDIENCE}))
COGNITO: Final = TokenRule(header_types=None, marks=(("token_use", "access"),), audience_claim="client_id")


def keys() -> PublicKeys:
    return parse_key_set(key_set(elliptic_key(), rsa_key()))


def verified(token: str, rules: IssuerRules = RULES) -> VerifiedToken:
    return verify_token(token, keys(), rules)


@pytest.mark.parametrize("key", [elliptic_key(), rsa_key()], ids=["ES256", "RS256"])
def test_a_genuine_token_has_the_signed_claims(key: SigningKey) -> None:
    assert dict(verified(key.sign(claims())).claims) == claims()


def test_claims_cannot_be_changed() -> None:
    said: Any = verified(elliptic_key().sign(claims())).claims
    with pytest.raises(TypeError):
        said["sub"] = "user-2"


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["https://other.example", AUDIENCE]])
def test_the_audience_is_a_string_or_a_list_that_contains_this_service(audience: object) -> None:
    assert verified(elliptic_key().sign(claims(aud=audience))).claims["aud"] == audience


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"aud": []},
        {"aud": None},
        {"aud": [AUDIENCE, 1]},
        {"aud": {AUDIENCE: True}},
        {"aud": f"{AUDIENCE}/"},
        {"iss": "https://other.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"exp": None},
        {"exp": "1900000000"},
        {"exp": True},
        {"exp": 2**60},
        {"iat": None},
        {"iat": "1800000000"},
        {"nbf": "1800000000"},
        {"nbf": [1]},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign(claims(**changes)))


@pytest.mark.parametrize("claim", ["client_id", "jti"])
def test_a_claim_that_the_rules_require_must_be_present(claim: str) -> None:
    demanding = replace(RULES, required_claims=frozenset({"sub", "exp", "iat", claim}))
    assert verified(elliptic_key().sign(claims()), demanding)
    with pytest.raises(InvalidTokenError):
        verified(elliptic_key().sign(claims(**{claim: None})), demanding)


@pytest.mark.parametrize("token_type", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_of_access_tokens_is_read_as_a_media_type(token_type: str) -> None:
    assert verified(elliptic_key().sign(claims(), typ=token_type))


@pytest.mark.parametrize(
    ("changes", "first", "last"),
    [
        ({}, -30, 629.5),
        ({"nbf": NOW + 60}, 30, 629.5),
        ({"nbf": NOW - 60}, -30, 629.5),
        ({"exp": NOW + 0.5}, -30, 30),
        ({"iat": NOW - 0.5, "exp": NOW}, -30.5, 29.5),
    ],
)
def test_a_token_is_valid_between_its_times_with_thirty_seconds_of_leeway(
    changes: dict[str, Any], first: float, last: float
) -> None:
    token = verified(elliptic_key().sign(claims(**changes)))
    for inside in (first, last):
        token.check_times(NOW + inside)
    for outside in (first - 0.5, last + 0.5):
        with pytest.raises(InvalidTokenError):
            token.check_times(NOW + outside)


def test_a_token_without_iat_and_nbf_has_no_earliest_time() -> None:
    anywhere = replace(RULES, required_claims=frozenset({"sub", "exp"}))
    assert verified(elliptic_key().sign(claims(iat=None)), anywhere).valid_from == -math.inf


def test_a_token_rule_may_name_other_claims_for_the_type_and_the_audience() -> None:
    cognito = replace(RULES, audiences=frozenset({"orders-client"}), token_rule=COGNITO)
    access = claims(aud=None, token_use="access", client_id="orders-client")
    assert verified(elliptic_key().sign(access, typ=None), cognito)
    for changes in ({"token_use": "id"}, {"token_use": None}, {"client_id": "other"}, {"client_id": None}):
        with pytest.raises(InvalidTokenError):
            verified(elliptic_key().sign({**access, **changes}, typ=None), cognito)


def test_the_issuer_is_read_without_verification_to_choose_the_rules() -> None:
    stranger = elliptic_key("stranger").sign(claims(iss="https://other.example"))
    assert read_issuer(stranger) == "https://other.example"
    for token in ("", "a.b", elliptic_key().sign(claims(iss=None)), elliptic_key().sign(claims(iss=[ISSUER]))):
        with pytest.raises(InvalidTokenError):
            read_issuer(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ""},
        {"audiences": frozenset()},
        {"audiences": frozenset({""})},
        {"algorithms": frozenset()},
        {"algorithms": frozenset({"ES256", "HS256"})},
        {"algorithms": frozenset({"none"})},
        {"leeway_seconds": -1},
        {"leeway_seconds": 301},
        {"required_claims": frozenset({"exp"})},
    ],
)
def test_unsafe_rules_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|needed|required"):
        replace(RULES, **changes)


def test_the_default_token_rule_is_rfc_9068() -> None:
    assert RULES.token_rule is RFC_9068
