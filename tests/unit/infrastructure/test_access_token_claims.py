"""Access tokens with a valid signature and an invalid claim are refused, with one claim per test."""

import json
from datetime import timedelta

import pytest

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from tests.unit.infrastructure import forge
from tests.unit.infrastructure.forge import CLAIMS, HEADER, NOW, PRINCIPAL, access_tokens, with_claims

PRESENT = int(NOW.timestamp())
LATER = PRESENT + 1800


def _refused(token: str) -> None:
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens().verify(token, NOW)


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_each_required_claim_must_be_present(claim: str) -> None:
    _refused(forge.with_claims(**{claim: forge.MISSING}))


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_each_required_claim_must_not_be_null(claim: str) -> None:
    _refused(forge.with_claims(**{claim: None}))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example.com",
        "https://auth.example.co",
        "https://auth.example.com/",
        "auth.example.com",
        "HTTPS://AUTH.EXAMPLE.COM",
        "",
        ["https://auth.example.com"],
        1,
    ],
)
def test_another_issuer_is_refused(issuer: object) -> None:
    _refused(forge.with_claims(iss=issuer))


@pytest.mark.parametrize(
    "audience",
    [
        "https://other.example.com",
        "https://api.example.co",
        "https://api.example.com/",
        "",
        ["https://api.example.com"],
        ["https://api.example.com", "https://other.example.com"],
        [],
        1,
        {"https://api.example.com": 1},
    ],
)
def test_another_audience_is_refused(audience: object) -> None:
    _refused(forge.with_claims(aud=audience))


@pytest.mark.parametrize("roles", [None, "admin", {"admin": True}, ["admin", 1], [["admin"]], True])
def test_roles_that_are_not_a_list_of_strings_are_refused(roles: object) -> None:
    _refused(forge.with_claims(roles=roles))


@pytest.mark.parametrize("moment", [str(LATER), float(LATER), True, "never", [LATER], {}])
def test_an_expiry_that_is_not_an_integer_is_refused(moment: object) -> None:
    _refused(forge.with_claims(exp=moment))


@pytest.mark.parametrize("moment", [0, -1, -(10**30), PRESENT - 1, PRESENT])
def test_an_expiry_in_the_past_is_refused(moment: int) -> None:
    _refused(forge.with_claims(exp=moment))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_an_expiry_that_is_not_a_json_number_is_refused(number: str) -> None:
    payload = json.dumps({**CLAIMS, "exp": "EXP"}).replace('"EXP"', number)
    _refused(forge.sealed(json.dumps(HEADER).encode(), payload.encode()))


def test_a_huge_expiry_is_accepted() -> None:
    assert forge.access_tokens().verify(forge.with_claims(exp=10**400), NOW) == forge.PRINCIPAL


def test_an_issue_time_beyond_the_clock_skew_is_refused() -> None:
    _refused(forge.with_claims(iat=PRESENT + 31))


@pytest.mark.parametrize("moment", [str(PRESENT), float(PRESENT), True, 10**400])
def test_an_issue_time_that_is_not_a_past_integer_is_refused(moment: object) -> None:
    _refused(forge.with_claims(iat=moment))


def test_an_issue_time_beyond_the_clock_skew_is_refused_despite_a_valid_nbf() -> None:
    _refused(forge.with_claims(iat=PRESENT + 31, nbf=PRESENT))


def test_a_not_before_time_beyond_the_clock_skew_is_refused() -> None:
    _refused(forge.with_claims(nbf=PRESENT + 31))


@pytest.mark.parametrize("moment", [str(PRESENT), float(PRESENT), True, None, [PRESENT], 10**400])
def test_a_not_before_time_that_is_not_a_past_integer_is_refused(moment: object) -> None:
    _refused(forge.with_claims(nbf=moment))


@pytest.mark.parametrize("claim", ["sub", "sid"])
@pytest.mark.parametrize("value", ["", "ada", "1", 1, True, [], {}, "11111111-1111-4111-8111-11111111111g"])
def test_an_id_that_is_not_a_uuid_is_refused(claim: str, value: object) -> None:
    _refused(forge.with_claims(**{claim: value}))


@pytest.mark.parametrize("value", [1, True, ["account"], {"account": 1}])
def test_a_scope_that_is_not_a_string_is_refused(value: object) -> None:
    _refused(forge.with_claims(scope=value))


@pytest.mark.parametrize("value", [1, True, ["a"], {}])
def test_a_token_id_that_is_not_a_string_is_refused(value: object) -> None:
    _refused(forge.with_claims(jti=value))


BINDINGS = [None, "key", ["jkt"], {}, {"jkt": 1}, {"jkt": None}, {"x5t#S256": "a"}, {"jkt": "a", "x5t#S256": "a"}]


@pytest.mark.parametrize("binding", BINDINGS)
def test_an_unknown_binding_to_a_key_is_refused(binding: object) -> None:
    """A token that is bound to two keys, or in an unknown way, is refused: only ``jkt`` is checked."""
    _refused(forge.with_claims(cnf=binding))


def test_a_not_before_time_is_compared_with_the_given_time() -> None:
    later = NOW + timedelta(days=20_000)
    moment = int(later.timestamp())
    token = with_claims(nbf=moment, iat=moment, exp=moment + 60)
    assert access_tokens().verify(token, later) == PRINCIPAL
