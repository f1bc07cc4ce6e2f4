"""Derived keys: RFC 5869, computed here a second time from its text."""

import hashlib
import hmac
import secrets

from doorward.infrastructure.keys import ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, cursor_purpose, derive_key


def _hkdf_sha512(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 sections 2.2 and 2.3, as they are written there."""
    pseudorandom_key = hmac.new(salt, secret, hashlib.sha512).digest()
    output, block, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.new(pseudorandom_key, block + info + bytes([counter]), hashlib.sha512).digest()
        output += block
    return output[:length]


def test_a_key_is_hkdf_sha512_of_the_secret() -> None:
    secret = secrets.token_bytes(48)
    assert derive_key(secret, b"a purpose") == _hkdf_sha512(secret, b"doorward", b"a purpose", 64)


def test_a_key_stays_the_same_from_version_to_version() -> None:
    """Another value here signs everybody out at the next upgrade."""
    assert derive_key(b"known answer", ACCESS_TOKEN_PURPOSE).hex()[:16] == "c57afee9878b813b"
    assert derive_key(b"known answer", REFRESH_TOKEN_PURPOSE).hex()[:16] == "4e4b5c3947ef174e"


def test_each_purpose_has_a_key_of_its_own() -> None:
    secret = secrets.token_bytes(48)
    purposes = [ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, cursor_purpose("items"), cursor_purpose("notes")]
    assert len({derive_key(secret, purpose) for purpose in purposes}) == len(purposes)


def test_each_secret_has_a_key_of_its_own() -> None:
    assert derive_key(b"one", ACCESS_TOKEN_PURPOSE) != derive_key(b"two", ACCESS_TOKEN_PURPOSE)


def test_the_secret_itself_is_no_key() -> None:
    secret = secrets.token_bytes(64)
    assert secret not in {derive_key(secret, ACCESS_TOKEN_PURPOSE), derive_key(secret, REFRESH_TOKEN_PURPOSE)}
