"""Issued access tokens have the profile of RFC 9068, and their issuer accepts them."""

import base64
import hmac
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from doorward.core.principal import Principal
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from tests.unit.infrastructure import forge
from tests.unit.infrastructure.forge import CLAIMS, NOW, PASSWORD_SIGN_IN, PRINCIPAL, SESSION, SIGN_IN, USER


def test_a_signed_token_is_verified() -> None:
    tokens = forge.access_tokens()
    assert tokens.verify(tokens.sign(PRINCIPAL, SIGN_IN, NOW), NOW) == PRINCIPAL


def test_a_token_written_by_hand_is_verified() -> None:
    assert forge.access_tokens().verify(forge.with_claims(), NOW) == PRINCIPAL


def test_the_header_contains_only_the_type_and_the_algorithm() -> None:
    header = forge.decode(forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW).split(".")[0])
    assert header == {"typ": "at+jwt", "alg": "HS256"}


def test_the_claims_are_those_of_rfc_9068_and_no_others() -> None:
    claims = forge.decode(forge.access_tokens().sign(PRINCIPAL, PASSWORD_SIGN_IN, NOW).split(".")[1])
    assert UUID(claims.pop("jti")).version == 4
    assert claims == {name: value for name, value in CLAIMS.items() if name != "jti"}


def test_a_token_after_a_two_factor_sign_in_has_its_time_and_its_methods() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    claims = forge.decode(token.split(".")[1])
    sign_in = {"auth_time": int(NOW.timestamp()) - 301, "acr": "2", "amr": ["pwd", "otp"]}
    assert claims == {**CLAIMS, **sign_in, "jti": claims["jti"]}
    assert tokens.verify(token, NOW) == PRINCIPAL


def test_two_tokens_of_one_moment_have_different_ids() -> None:
    tokens = forge.access_tokens()
    first, second = (forge.decode(tokens.sign(PRINCIPAL, SIGN_IN, NOW).split(".")[1]) for _ in range(2))
    assert first["jti"] != second["jti"]


def test_times_are_whole_seconds_rounded_down() -> None:
    late = NOW + timedelta(milliseconds=999)
    claims = forge.decode(forge.access_tokens().sign(PRINCIPAL, SIGN_IN, late).split(".")[1])
    assert (claims["iat"], claims["exp"]) == (CLAIMS["iat"], CLAIMS["exp"])


def test_several_scopes_are_one_string_with_spaces() -> None:
    principal = Principal(USER, SESSION, "doorward", frozenset({"b", "a"}))
    tokens = forge.access_tokens()
    token = tokens.sign(principal, SIGN_IN, NOW)
    assert forge.decode(token.split(".")[1])["scope"] == "a b"
    assert tokens.verify(token, NOW) == principal


def test_roles_are_a_sorted_list_and_omitted_if_there_are_none() -> None:
    principal = Principal(USER, SESSION, "doorward", frozenset({"account"}), frozenset({"support", "auditor"}))
    tokens = forge.access_tokens()
    token = tokens.sign(principal, SIGN_IN, NOW)
    assert forge.decode(token.split(".")[1])["roles"] == ["auditor", "support"]
    assert tokens.verify(token, NOW) == principal
    assert "roles" not in forge.decode(tokens.sign(PRINCIPAL, SIGN_IN, NOW).split(".")[1])


@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_the_signature_is_the_hmac_of_the_configured_algorithm(algorithm: str, digest: str) -> None:
    content, _, signature = forge.access_tokens(algorithm).sign(PRINCIPAL, SIGN_IN, NOW).rpartition(".")
    expected = hmac.new(forge.KEY, content.encode(), digest).digest()
    assert base64.urlsafe_b64decode(signature + "==") == expected


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("former", ["HS256", "HS384", "HS512"])
def test_after_a_change_of_the_hmac_algorithm_issued_tokens_stay_valid(former: str, algorithm: str) -> None:
    token = forge.access_tokens(former).sign(PRINCIPAL, SIGN_IN, NOW)
    after = forge.access_tokens(algorithm)
    assert after.verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        after.verify(token, NOW + timedelta(seconds=1800))
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens(algorithm, key=secrets.token_bytes(64)).verify(token, NOW)


def test_a_token_is_accepted_one_second_before_it_expires() -> None:
    tokens = forge.access_tokens()
    assert tokens.verify(tokens.sign(PRINCIPAL, SIGN_IN, NOW), NOW + timedelta(seconds=1799)) == PRINCIPAL


def test_a_token_is_refused_from_the_second_of_its_expiry() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW + timedelta(seconds=1800))


def test_a_token_of_another_process_with_a_slightly_fast_clock_is_accepted() -> None:
    tokens = forge.access_tokens()
    assert tokens.verify(tokens.sign(PRINCIPAL, SIGN_IN, NOW + timedelta(seconds=30)), NOW) == PRINCIPAL


def test_a_not_before_time_within_the_clock_skew_is_accepted() -> None:
    assert forge.access_tokens().verify(forge.with_claims(nbf=CLAIMS["iat"] + 30), NOW) == PRINCIPAL


@pytest.mark.parametrize("spelling", ["at+jwt", "AT+JWT", "at+JWT"])
def test_the_type_is_case_insensitive(spelling: str) -> None:
    assert forge.access_tokens().verify(forge.with_header(typ=spelling), NOW) == PRINCIPAL


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
def test_header_members_that_name_keys_are_ignored(name: str) -> None:
    elsewhere = "https://evil.example.com/key"
    value: object = {"kty": "oct", "k": "AAAA"} if name == "jwk" else [elsewhere] if name == "x5c" else elsewhere
    assert forge.access_tokens().verify(forge.with_header(**{name: value}), NOW) == PRINCIPAL


def test_a_token_of_the_previous_key_is_verified() -> None:
    token = forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW)
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    assert after.verify(token, NOW) == PRINCIPAL


def test_tokens_are_signed_with_the_current_key() -> None:
    new_key = secrets.token_bytes(64)
    token = forge.access_tokens(key=new_key, previous_key=forge.KEY).sign(PRINCIPAL, SIGN_IN, NOW)
    assert forge.access_tokens(key=new_key).verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens().verify(token, NOW)


def test_a_token_of_neither_key_is_refused() -> None:
    token = forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW)
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens(key=secrets.token_bytes(64), previous_key=secrets.token_bytes(64)).verify(token, NOW)


def test_the_claims_of_a_token_of_the_previous_key_are_checked() -> None:
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    for wrong in ({"exp": CLAIMS["iat"]}, {"iss": "https://other.example.com"}, {"sid": "no id"}):
        with pytest.raises(InvalidAccessTokenError):
            after.verify(forge.with_claims(**wrong), NOW)


def test_the_header_does_not_choose_the_key() -> None:
    """The current key is tried, then the previous one, for any header."""
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    assert after.verify(forge.with_header(key="current"), NOW) == PRINCIPAL
    for header in ({"alg": "none"}, {"alg": "HS512"}, {"typ": "JWT"}, {"crit": ["kid"]}, {"kid": "previous"}):
        with pytest.raises(InvalidAccessTokenError):
            after.verify(forge.with_header(**header), NOW)


def test_a_cached_token_expires_and_is_refused_before_its_issue_time() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW + timedelta(seconds=1800))
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW - timedelta(minutes=1))


def test_a_cached_token_makes_no_similar_token_valid() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    content, _, signature = token.rpartition(".")
    for altered in (f"{content}.", f"{content}.{signature[::-1]}", f"{token}=", f" {token}"):
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(altered, NOW)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that records each token whose signature is computed, because it is not cached."""
    tokens: list[str] = []
    decode = jwt.PyJWS.decode_complete

    def recording_decode(jws: jwt.PyJWS, token: str, *arguments: Any, **options: Any) -> Any:
        tokens.append(token)
        return decode(jws, token, *arguments, **options)

    monkeypatch.setattr(jwt.PyJWS, "decode_complete", recording_decode)
    return tokens


def test_the_cache_of_tokens_is_bounded(decoded: list[str]) -> None:
    tokens = forge.access_tokens(remembered_tokens=2)
    first, second, third = [tokens.sign(PRINCIPAL, SIGN_IN, NOW) for _ in range(3)]
    for token in (first, second, third, second, third, first):
        assert tokens.verify(token, NOW) == PRINCIPAL
    assert decoded == [first, second, third, first]


def test_refused_tokens_are_not_cached_and_evict_none(decoded: list[str]) -> None:
    tokens = forge.access_tokens(remembered_tokens=2)
    token, content = tokens.sign(PRINCIPAL, SIGN_IN, NOW), forge.with_claims().rpartition(".")[0]
    forged = [f"{content}.{signature}" for signature in ("AAAA", "AAAA", "AAAB", "AAAC")]
    assert tokens.verify(token, NOW) == PRINCIPAL
    for each in forged:
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(each, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    assert decoded == [token, *forged]
