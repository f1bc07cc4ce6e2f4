"""Access tokens as they are issued: exactly the profile of RFC 9068, and read back by whoever issued them."""

import base64
import hashlib
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


def test_the_header_names_type_and_algorithm_and_nothing_else() -> None:
    header = forge.decode(forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW).split(".")[0])
    assert header == {"typ": "at+jwt", "alg": "HS256"}


def test_the_claims_are_those_of_rfc_9068_and_no_others() -> None:
    claims = forge.decode(forge.access_tokens().sign(PRINCIPAL, PASSWORD_SIGN_IN, NOW).split(".")[1])
    assert UUID(claims.pop("jti")).version == 4
    assert claims == {name: value for name, value in CLAIMS.items() if name != "jti"}


def test_a_token_of_a_session_by_two_kinds_of_factors_says_when_and_how() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    claims = forge.decode(token.split(".")[1])
    told = {"auth_time": int(NOW.timestamp()) - 301, "acr": "2", "amr": ["pwd", "otp"]}
    assert claims == {**CLAIMS, **told, "jti": claims["jti"]}
    assert tokens.verify(token, NOW) == PRINCIPAL


def test_two_tokens_of_one_moment_have_ids_of_their_own() -> None:
    tokens = forge.access_tokens()
    first, second = (forge.decode(tokens.sign(PRINCIPAL, SIGN_IN, NOW).split(".")[1]) for _ in range(2))
    assert first["jti"] != second["jti"]


def test_times_are_whole_seconds_rounded_down() -> None:
    late = NOW + timedelta(milliseconds=999)
    claims = forge.decode(forge.access_tokens().sign(PRINCIPAL, SIGN_IN, late).split(".")[1])
    assert (claims["iat"], claims["exp"]) == (CLAIMS["iat"], CLAIMS["exp"])


def test_several_scopes_are_one_text_with_spaces() -> None:
    principal = Principal(USER, SESSION, "doorward", frozenset({"b", "a"}))
    tokens = forge.access_tokens()
    token = tokens.sign(principal, SIGN_IN, NOW)
    assert forge.decode(token.split(".")[1])["scope"] == "a b"
    assert tokens.verify(token, NOW) == principal


def test_roles_are_a_sorted_list_and_left_out_where_there_are_none() -> None:
    principal = Principal(USER, SESSION, "doorward", frozenset({"account"}), frozenset({"support", "auditor"}))
    tokens = forge.access_tokens()
    token = tokens.sign(principal, SIGN_IN, NOW)
    assert forge.decode(token.split(".")[1])["roles"] == ["auditor", "support"]
    assert tokens.verify(token, NOW) == principal
    assert "roles" not in forge.decode(tokens.sign(PRINCIPAL, SIGN_IN, NOW).split(".")[1])


@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_the_signature_is_the_hmac_of_the_configured_algorithm(algorithm: str, digest: str) -> None:
    content, _, signature = forge.access_tokens(algorithm).sign(PRINCIPAL, SIGN_IN, NOW).rpartition(".")
    expected = hmac.new(forge.KEY, content.encode(), getattr(hashlib, digest)).digest()
    assert base64.urlsafe_b64decode(signature + "==") == expected


def test_a_token_is_accepted_one_second_before_it_expires() -> None:
    tokens = forge.access_tokens()
    assert tokens.verify(tokens.sign(PRINCIPAL, SIGN_IN, NOW), NOW + timedelta(seconds=1799)) == PRINCIPAL


def test_a_token_is_refused_at_the_very_second_it_expires() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW + timedelta(seconds=1800))


def test_a_token_of_another_copy_with_a_clock_a_little_ahead_is_accepted() -> None:
    tokens = forge.access_tokens()
    assert tokens.verify(tokens.sign(PRINCIPAL, SIGN_IN, NOW + timedelta(seconds=30)), NOW) == PRINCIPAL


def test_not_before_within_the_skew_is_accepted() -> None:
    assert forge.access_tokens().verify(forge.with_claims(nbf=CLAIMS["iat"] + 30), NOW) == PRINCIPAL


@pytest.mark.parametrize("spelling", ["at+jwt", "AT+JWT", "at+JWT"])
def test_the_type_is_compared_without_regard_to_case(spelling: str) -> None:
    assert forge.access_tokens().verify(forge.with_header(typ=spelling), NOW) == PRINCIPAL


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
def test_header_members_that_name_keys_are_not_followed(name: str) -> None:
    elsewhere = "https://evil.example.com/key"
    value: object = {"kty": "oct", "k": "AAAA"} if name == "jwk" else [elsewhere] if name == "x5c" else elsewhere
    assert forge.access_tokens().verify(forge.with_header(**{name: value}), NOW) == PRINCIPAL


def test_a_token_under_the_previous_key_is_verified() -> None:
    token = forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW)
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    assert after.verify(token, NOW) == PRINCIPAL


def test_tokens_are_signed_under_the_current_key() -> None:
    new_key = secrets.token_bytes(64)
    token = forge.access_tokens(key=new_key, previous_key=forge.KEY).sign(PRINCIPAL, SIGN_IN, NOW)
    assert forge.access_tokens(key=new_key).verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens().verify(token, NOW)


def test_a_token_under_neither_key_is_refused() -> None:
    token = forge.access_tokens().sign(PRINCIPAL, SIGN_IN, NOW)
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens(key=secrets.token_bytes(64), previous_key=secrets.token_bytes(64)).verify(token, NOW)


def test_the_claims_of_a_token_under_the_previous_key_count_as_ever() -> None:
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    for wrong in ({"exp": CLAIMS["iat"]}, {"iss": "https://other.example.com"}, {"sid": "no id"}):
        with pytest.raises(InvalidAccessTokenError):
            after.verify(forge.with_claims(**wrong), NOW)


def test_the_header_does_not_choose_the_key() -> None:
    """Whatever it says, and whoever wrote it: the current key is tried, then the previous one."""
    after = forge.access_tokens(key=secrets.token_bytes(64), previous_key=forge.KEY)
    assert after.verify(forge.with_header(key="current"), NOW) == PRINCIPAL
    for header in ({"alg": "none"}, {"alg": "HS512"}, {"typ": "JWT"}, {"crit": ["kid"]}, {"kid": "previous"}):
        with pytest.raises(InvalidAccessTokenError):
            after.verify(forge.with_header(**header), NOW)


def test_a_remembered_token_runs_out_and_is_not_valid_earlier_than_it_says() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW + timedelta(seconds=1800))
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW - timedelta(minutes=1))


def test_a_remembered_token_lends_nothing_to_one_that_is_like_it() -> None:
    tokens = forge.access_tokens()
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    content, _, signature = token.rpartition(".")
    for altered in (f"{content}.", f"{content}.{signature[::-1]}", f"{token}=", f" {token}"):
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(altered, NOW)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was computed, in order: those that were not remembered."""
    tokens: list[str] = []
    decode = jwt.PyJWS.decode_complete

    def noting_decode(jws: jwt.PyJWS, token: str, *arguments: Any, **options: Any) -> Any:
        tokens.append(token)
        return decode(jws, token, *arguments, **options)

    monkeypatch.setattr(jwt.PyJWS, "decode_complete", noting_decode)
    return tokens


def test_no_more_tokens_are_remembered_than_there_is_room_for(decoded: list[str]) -> None:
    tokens = forge.access_tokens(remembered_tokens=2)
    first, second, third = [tokens.sign(PRINCIPAL, SIGN_IN, NOW) for _ in range(3)]
    for token in (first, second, third, second, third, first):
        assert tokens.verify(token, NOW) == PRINCIPAL
    assert decoded == [first, second, third, first]


def test_refused_tokens_are_not_remembered_and_displace_none(decoded: list[str]) -> None:
    tokens = forge.access_tokens(remembered_tokens=2)
    token, content = tokens.sign(PRINCIPAL, SIGN_IN, NOW), forge.with_claims().rpartition(".")[0]
    forged = [f"{content}.{signature}" for signature in ("AAAA", "AAAA", "AAAB", "AAAC")]
    assert tokens.verify(token, NOW) == PRINCIPAL
    for each in forged:
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(each, NOW)
    assert tokens.verify(token, NOW) == PRINCIPAL
    assert decoded == [token, *forged]
