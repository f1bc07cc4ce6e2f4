"""Forged access tokens: signature, algorithm, header and format, with one attack per test."""

import base64
import json
import secrets

import pytest

from doorward.core.principal import MAXIMUM_TOKEN_LENGTH
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec
from doorward.infrastructure.token_reading import compact_parts
from tests.unit.infrastructure import forge
from tests.unit.infrastructure.forge import CLAIMS, HEADER, NOW, SESSION, USER


def _refused(token: str) -> None:
    with pytest.raises(InvalidAccessTokenError):
        forge.access_tokens().verify(token, NOW)


def _payload() -> bytes:
    return json.dumps(CLAIMS).encode()


def _parts() -> tuple[str, str, str]:
    header, payload, signature = forge.with_claims().split(".")
    return header, payload, signature


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", "nOnE"])
def test_algorithm_none_is_refused_in_any_case(spelling: str) -> None:
    header = forge.encode(json.dumps({**HEADER, "alg": spelling}).encode())
    _refused(f"{header}.{forge.encode(_payload())}.")


@pytest.mark.parametrize("spelling", ["none", "", "HS255", "hs256", "HS256 "])
def test_an_unknown_algorithm_is_refused_despite_a_valid_signature(spelling: str) -> None:
    _refused(forge.with_header(alg=spelling))


@pytest.mark.parametrize("value", [None, 256, True, ["HS256"], {"HS256": 1}])
def test_an_algorithm_that_is_not_a_string_is_refused(value: object) -> None:
    _refused(forge.with_header(alg=value))


def test_a_header_without_algorithm_is_refused() -> None:
    _refused(forge.with_header(alg=forge.MISSING))


def test_an_empty_signature_is_refused() -> None:
    header, payload, _ = _parts()
    _refused(f"{header}.{payload}.")


def test_a_stripped_signature_is_refused() -> None:
    header, payload, _ = _parts()
    _refused(f"{header}.{payload}")


def test_a_fourth_part_is_refused() -> None:
    _refused(forge.with_claims() + ".AAAA")


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a", "a.b", "a.b.c", "Bearer a.b.c"])
def test_incomplete_tokens_are_refused(token: str) -> None:
    _refused(token)


def test_another_signature_is_refused() -> None:
    header, payload, _ = _parts()
    _refused(f"{header}.{payload}.{forge.encode(secrets.token_bytes(32))}")


def test_another_key_is_refused() -> None:
    _refused(forge.sealed(json.dumps(HEADER).encode(), _payload(), key=secrets.token_bytes(64)))


def test_an_empty_key_is_refused() -> None:
    _refused(forge.sealed(json.dumps(HEADER).encode(), _payload(), key=b""))


def test_changed_claims_are_refused() -> None:
    header, _, signature = _parts()
    changed = json.dumps({**CLAIMS, "sub": str(SESSION)}).encode()
    _refused(f"{header}.{forge.encode(changed)}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_signature_of_another_hmac_algorithm_than_the_named_one_is_refused(algorithm: str) -> None:
    header = json.dumps({**HEADER, "alg": algorithm}).encode()
    _refused(forge.sealed(header, _payload(), digest="sha256"))


@pytest.mark.parametrize("algorithm", ["HS1", "HS224", "HS512/256"])
def test_another_algorithm_of_the_hmac_family_is_refused(algorithm: str) -> None:
    header = json.dumps({**HEADER, "alg": algorithm}).encode()
    for digest in ("sha1", "sha224", "sha256", "sha512"):
        _refused(forge.sealed(header, _payload(), digest=digest))


@pytest.mark.parametrize(("algorithm", "size"), [("RS256", 256), ("PS256", 256), ("ES256", 64), ("EdDSA", 64)])
def test_a_signature_of_another_family_is_refused(algorithm: str, size: int) -> None:
    header = forge.encode(json.dumps({**HEADER, "alg": algorithm}).encode())
    _refused(f"{header}.{forge.encode(_payload())}.{forge.encode(secrets.token_bytes(size))}")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "HS256"])
def test_a_public_key_used_as_hmac_key_is_refused(algorithm: str) -> None:
    body = base64.encodebytes(secrets.token_bytes(91))
    pem = b"-----BEGIN PUBLIC KEY-----\n" + body + b"-----END PUBLIC KEY-----\n"
    header = json.dumps({**HEADER, "alg": algorithm}).encode()
    _refused(forge.sealed(header, _payload(), key=pem))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_an_asymmetric_algorithm_with_a_valid_hmac_is_refused(algorithm: str) -> None:
    _refused(forge.with_header(alg=algorithm))


@pytest.mark.parametrize("critical", [["exp"], ["b64"], ["http://example.com/unknown"], [], "exp", None, 1])
def test_critical_extensions_are_refused(critical: object) -> None:
    _refused(forge.with_header(crit=critical))


def test_an_unencoded_payload_is_refused() -> None:
    _refused(forge.with_header(b64=False, crit=["b64"]))


def test_a_critical_extension_that_pyjwt_accepts_is_refused() -> None:
    _refused(forge.with_header(b64=True, crit=["b64"]))


def test_a_detached_payload_is_refused() -> None:
    header, _, signature = forge.with_header(b64=False).split(".")
    _refused(f"{header}..{signature}")


@pytest.mark.parametrize("value", ["JWT", "jwt", "at+jwt ", "application/json", "", "rt+jwt", "id+jwt"])
def test_another_type_is_refused(value: str) -> None:
    _refused(forge.with_header(typ=value))


def test_a_missing_type_is_refused() -> None:
    _refused(forge.with_header(typ=forge.MISSING))


@pytest.mark.parametrize("value", [None, 1, ["at+jwt"], {"at+jwt": 1}])
def test_a_type_that_is_not_a_string_is_refused(value: object) -> None:
    _refused(forge.with_header(typ=value))


@pytest.mark.parametrize("header", [b"[]", b"1", b'"text"', b"null", b"{", b"", b"\xff\xfe", b"{}{}"])
def test_a_header_that_is_not_a_json_object_is_refused(header: bytes) -> None:
    _refused(forge.sealed(header, _payload()))


@pytest.mark.parametrize("payload", [b"[]", b"1", b'"text"', b"null", b"{", b"", b"\xff\xfe", b"{}{}"])
def test_claims_that_are_not_a_json_object_are_refused(payload: bytes) -> None:
    _refused(forge.sealed(json.dumps(HEADER).encode(), payload))


def test_a_token_is_split_up_to_the_maximum_length() -> None:
    longest = f"{'a' * (MAXIMUM_TOKEN_LENGTH - 4)}.a.a"
    assert [len(part) for part in compact_parts(longest)] == [MAXIMUM_TOKEN_LENGTH - 4, 1, 1]
    with pytest.raises(InvalidAccessTokenError):
        compact_parts(f"a{longest}")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deeply_nested_json_in_the_header_is_refused(opening: bytes) -> None:
    token = f"{forge.encode(opening * (2900 // len(opening)))}.e30.AAAA"
    assert len(token) <= MAXIMUM_TOKEN_LENGTH
    _refused(token)


def test_deeply_nested_json_in_the_claims_is_refused() -> None:
    token = forge.sealed(json.dumps(HEADER).encode(), b"[" * 5900)
    assert len(token) <= MAXIMUM_TOKEN_LENGTH
    _refused(token)


def test_a_valid_token_above_the_maximum_length_is_refused() -> None:
    token = forge.with_claims(padding="x" * 6000)
    assert len(token) > MAXIMUM_TOKEN_LENGTH
    _refused(token)


def test_a_token_of_5000_characters_is_refused() -> None:
    _refused("a" * 5000)


@pytest.mark.parametrize("token", [".".join([part] * 3) for part in ("ä", "\U0001f511", "\ud800", "\x00")])
def test_characters_outside_ascii_are_refused(token: str) -> None:
    _refused(token)


def test_a_refresh_token_is_refused_as_an_access_token() -> None:
    _refused(RefreshTokenCodec(forge.KEY).encode(RefreshToken(SESSION, USER, 0, secrets.token_bytes(16))))
