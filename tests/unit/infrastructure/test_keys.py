"""Derived keys, compared with a second implementation of RFC 5869 and with that of cryptography."""

import hashlib
import hmac
import secrets
from typing import Final

import pytest
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from doorward.infrastructure.keys import (
    ACCESS_TOKEN_PURPOSE,
    KEY_BYTES,
    REFRESH_TOKEN_PURPOSE,
    cursor_purpose,
    derive_key,
)

SALT: Final = b"doorward"
VECTORS: Final = {
    "A.1": (
        b"\x0b" * 22,
        bytes(range(0x0D)),
        bytes(range(0xF0, 0xFA)),
        ("3cb25f25faacd57a90434f64d036", "2f2a2d2d0a90cf1a5a4c5db02d56", "ecc4c5bf34007208d5b887185865"),
    ),
    "A.2": (
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        (
            "b11e398dc80327a1c8e7f78c596a",
            "49344f012eda2d4efad8a050cc4c",
            "19afa97c59045a99cac7827271cb",
            "41c65e590e09da3275600c2f09b8",
            "367793a9aca3db71cc30c58179ec",
            "3e87c14c01d5c1f3434f1d87",
        ),
    ),
    "A.3": (
        b"\x0b" * 22,
        b"",
        b"",
        ("8da4e775a563c18f715f802a063c", "5a31b8a11f5c5ee1879ec3454e5f", "3c738d2d9d201395faa4b61a96c8"),
    ),
}
"""RFC 5869 appendix A: secret, salt, info and output, in rows of 14 bytes. All are for SHA-256; it has none for
SHA-512."""


def _hkdf(hash_name: str, secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Implement RFC 5869 sections 2.2 and 2.3 literally."""
    pseudorandom_key = hmac.new(salt or bytes(hashlib.new(hash_name).digest_size), secret, hash_name).digest()
    output, block, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.new(pseudorandom_key, block + info + bytes([counter]), hash_name).digest()
        output += block
    return output[:length]


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_second_implementation_returns_the_vectors_of_rfc_5869(
    vector: tuple[bytes, bytes, bytes, tuple[str, ...]],
) -> None:
    secret, salt, info, rows = vector
    output = bytes.fromhex("".join(rows))
    assert _hkdf("sha256", secret, salt, info, len(output)) == output


def test_a_key_is_hkdf_sha512_of_the_secret() -> None:
    secret = secrets.token_bytes(48)
    assert derive_key(secret, b"a purpose") == _hkdf("sha512", secret, SALT, b"a purpose", KEY_BYTES)


def test_a_key_equals_the_one_that_cryptography_derives() -> None:
    secret = secrets.token_bytes(48)
    derived = HKDF(algorithm=SHA512(), length=KEY_BYTES, salt=SALT, info=b"a purpose").derive(secret)
    assert derive_key(secret, b"a purpose") == derived


def test_a_key_stays_the_same_in_every_version() -> None:
    """A change of this value would sign out all users at the next upgrade."""
    assert derive_key(b"known answer", ACCESS_TOKEN_PURPOSE).hex()[:16] == "c57afee9878b813b"
    assert derive_key(b"known answer", REFRESH_TOKEN_PURPOSE).hex()[:16] == "4e4b5c3947ef174e"


def test_each_purpose_has_its_own_key() -> None:
    secret = secrets.token_bytes(48)
    purposes = [ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, cursor_purpose("items"), cursor_purpose("notes")]
    assert len({derive_key(secret, purpose) for purpose in purposes}) == len(purposes)


def test_each_secret_has_its_own_key() -> None:
    assert derive_key(b"one", ACCESS_TOKEN_PURPOSE) != derive_key(b"two", ACCESS_TOKEN_PURPOSE)


def test_no_key_equals_the_secret() -> None:
    secret = secrets.token_bytes(64)
    assert secret not in {derive_key(secret, ACCESS_TOKEN_PURPOSE), derive_key(secret, REFRESH_TOKEN_PURPOSE)}
