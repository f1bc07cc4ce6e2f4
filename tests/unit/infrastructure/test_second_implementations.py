"""Access tokens and password hashes of doorward, verified by other implementations."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from passlib.hash import bcrypt_sha256

from doorward.core.principal import Principal, SignIn
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.passwords import BcryptHasher

KEY = secrets.token_bytes(64)
NOW = datetime.now(UTC)
CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": "https://auth.example.com"},
    aud={"essential": True, "value": "doorward"},
    exp={"essential": True},
    sub={"essential": True},
)
PASSWORDS = ["correct horse battery", "\u00e9t\u00e9 \U0001f40e", "x" * 256, "a\0b" * 30]


def _signed(algorithm: str, lifetime: timedelta = timedelta(minutes=30)) -> str:
    tokens = AccessTokens(
        key=KEY, algorithm=algorithm, issuer="https://auth.example.com", audience="doorward", lifetime=lifetime
    )
    return tokens.sign(Principal(uuid4(), uuid4(), "doorward", frozenset({"account"})), SignIn(NOW, 1, ("pwd",)), NOW)


def _verify(token: str, algorithm: str, key: bytes = KEY) -> jwt.Token:
    decoded = jwt.decode(token, OctKey.import_key(key), algorithms=[algorithm])
    CLAIMS.validate(decoded.claims)
    return decoded


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_joserfc_verifies_an_access_token(algorithm: str) -> None:
    decoded = _verify(_signed(algorithm), algorithm)
    assert decoded.header == {"alg": algorithm, "typ": "at+jwt"}
    assert decoded.claims["exp"] - decoded.claims["iat"] == 1800
    assert decoded.claims["scope"] == "account"


def test_joserfc_refuses_an_access_token_after_any_change_of_one_character() -> None:
    token = _signed("HS256")
    _verify(token, "HS256")
    for position, character in enumerate(token):
        # Two bits of the signature's last character are unused; A and E differ in a used one.
        other = ("E" if character == "A" else "A") if character != "." else ""
        with pytest.raises((JoseError, ValueError)):
            _verify(token[:position] + other + token[position + 1 :], "HS256")


def test_joserfc_refuses_another_key_another_algorithm_another_audience_and_an_expired_token() -> None:
    token = _signed("HS256")
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    elsewhere = base64.urlsafe_b64encode(json.dumps({**claims, "aud": "elsewhere"}).encode()).rstrip(b"=").decode()
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    for wrong in [f"{header}.{elsewhere}.{signature}", f"{unsigned}.{payload}.", f"{unsigned}.{payload}.{signature}"]:
        with pytest.raises((JoseError, ValueError)):
            _verify(wrong, "HS256")
    with pytest.raises(JoseError):
        _verify(token, "HS256", secrets.token_bytes(64))
    with pytest.raises(JoseError):
        _verify(token, "HS512")
    with pytest.raises(JoseError):
        _verify(_signed("HS256", timedelta(seconds=-1)), "HS256")


@pytest.mark.parametrize("password", PASSWORDS)
async def test_passlib_verifies_our_hashes_and_we_verify_those_of_passlib(password: str) -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    try:
        ours = await hasher.hash(password)
        assert bcrypt_sha256.verify(password, ours)
        assert not bcrypt_sha256.verify(password + "x", ours)
        theirs = bcrypt_sha256.using(rounds=4).hash(password)
        assert theirs.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")
        check = await hasher.check(password, theirs)
        assert check.is_correct
        assert check.upgraded_hash is None
        assert not (await hasher.check(password + "x", theirs)).is_correct
    finally:
        hasher.close()


async def test_a_decomposed_password_is_hashed_in_nfkc_which_passlib_does_not_do() -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    try:
        ours = await hasher.hash("e\u0301t\u00e9")
    finally:
        hasher.close()
    assert bcrypt_sha256.verify("\u00e9t\u00e9", ours)
    assert not bcrypt_sha256.verify("e\u0301t\u00e9", ours)
