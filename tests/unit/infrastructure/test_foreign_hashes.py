"""Hashes of other systems: matching passwords, refused hashes, and the cost of a wrong password."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import bcrypt
import pytest

from doorward.domain.auth.ports import HashRefusal, HashRefusedError
from doorward.infrastructure.bcrypt_formats import read_bcrypt
from doorward.infrastructure.foreign_hashes import ForeignHashes
from doorward.infrastructure.foreign_hashes.bounds import Bounds
from doorward.infrastructure.password_work import pad_duration
from doorward.infrastructure.passwords import BcryptHasher
from tests.plain_ids import plain_id


class Vector(NamedTuple):
    made_by: str
    password: str
    hash: str


MADE: Final = [
    Vector(**json.loads(line))
    for line in Path(__file__).with_name("foreign_hashes.txt").read_text(encoding="utf-8").splitlines()
]
"""Made by `development/foreign_hash_vectors.py`."""

FIREBASE_KEY: Final = base64.b64decode(Path(__file__).with_name("firebase_signer_key.txt").read_text(encoding="utf-8"))
PUBLISHED: Final = [
    Vector(
        "Firebase's page on its scrypt",
        "user1password",
        "$firebase-scrypt$ln=14,r=8$Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoI"
        "tz+VHjoZilo78198JAdRuid5lQ==",
    ),
    Vector("phpass' own test program", "test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    Vector(
        "Django's tests",
        "l\u00e8tmein",
        "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/"
        "Pw==",
    ),
]
VECTORS: Final = [*MADE, *PUBLISHED]
IDS: Final = [plain_id(f"{each.made_by}, {each.password!a}") for each in VECTORS]


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    made = BcryptHasher(rounds=4, threads=1, foreign=ForeignHashes(signer_key=FIREBASE_KEY))
    yield made
    made.close()


def _matches(password: str, stored: str) -> bool:
    """Return whether the password matches. Threads of the hasher have the lowest priority, so this one computes."""
    verify = ForeignHashes(signer_key=FIREBASE_KEY).read(stored)
    if verify is not None:
        return verify(password)
    bcrypt_hash = read_bcrypt(stored)
    return bcrypt_hash is not None and bcrypt_hash.matches(password) is True


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_a_hash_of_another_implementation_matches_only_its_password(vector: Vector) -> None:
    assert _matches(vector.password, vector.hash)
    assert not _matches(vector.password + "x", vector.hash)


BEGINNINGS: Final = (
    *("$2a$", "$2b$", "$2y$", "bcrypt$$2b$", "bcrypt_sha256$$2b$", "$bcrypt-sha256$2a,", "$bcrypt-sha256$2b,"),
    *("$argon2id$", "$argon2i$", "$argon2d$", "argon2$argon2id$", "$scrypt$ln=", "scrypt$", "$P$"),
    *("$pbkdf2$", "$pbkdf2-sha256$", "$pbkdf2-sha512$", "pbkdf2_sha256$", "pbkdf2_sha1$", "$firebase-scrypt$"),
)


@pytest.mark.parametrize("beginning", BEGINNINGS)
async def test_the_correct_password_is_rehashed_for_each_format(hasher: BcryptHasher, beginning: str) -> None:
    vector = next(each for each in VECTORS if each.hash.startswith(beginning))
    check = await hasher.check(vector.password, vector.hash)
    assert check.is_correct
    assert check.upgraded_hash is not None
    assert check.upgraded_hash.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")
    assert (await hasher.check(vector.password, check.upgraded_hash)).is_correct
    refused = await hasher.check(vector.password + "x", vector.hash)
    assert (refused.is_correct, refused.upgraded_hash) == (False, None)


def test_the_sha1_of_passlib_may_be_named_explicitly() -> None:
    (vector, *_) = [each for each in MADE if each.hash.startswith("$pbkdf2$")]
    verify = ForeignHashes().read(vector.hash.replace("$pbkdf2$", "$pbkdf2-sha1$"))
    assert verify is not None
    assert verify(vector.password)


def test_the_salt_of_scrypt_may_precede_its_parameters() -> None:
    (vector, *_) = [each for each in MADE if each.hash.startswith("scrypt$1024$")]
    _, n, salt, *others = vector.hash.split("$")
    verify = ForeignHashes().read("$".join(["scrypt", salt, n, *others]))
    assert verify is not None
    assert verify(vector.password)


SALT: Final = "c2FsdHNhbHRzYWx0c2FsdA"
CHECKSUM: Final = "A" * 43

TOO_COSTLY: Final = {
    "bcrypt": "$2b$16$" + "." * 53,
    "bcrypt of Django": "bcrypt_sha256$$2b$16$" + "." * 53,
    "bcrypt below the minimum cost": "$2b$03$" + "." * 53,
    "bcrypt of passlib": "$bcrypt-sha256$2b,16$" + "." * 22 + "$" + "." * 31,
    "doorward's own": "$bcrypt-sha256$v=2,t=2b,r=17$" + "." * 22 + "$" + "." * 31,
    "memory of Argon2": f"$argon2id$v=19$m=65537,t=3,p=1${SALT}${CHECKSUM}",
    "maximum memory of Argon2": f"$argon2id$v=19$m=4294967295,t=3,p=1${SALT}${CHECKSUM}",
    "passes": f"$argon2id$v=19$m=1024,t=11,p=1${SALT}${CHECKSUM}",
    "lanes": f"$argon2id$v=19$m=1024,t=1,p=17${SALT}${CHECKSUM}",
    "Django's default": f"argon2$argon2id$v=19$m=102400,t=2,p=8${SALT}${CHECKSUM}",
    "memory of scrypt": f"$scrypt$ln=17,r=8,p=1${SALT}${CHECKSUM}",
    "scrypt of cost 99": f"$scrypt$ln=99,r=8,p=1${SALT}${CHECKSUM}",
    "blocks of scrypt": f"$scrypt$ln=10,r=99999999,p=1${SALT}${CHECKSUM}",
    "parallel scrypt": f"$scrypt$ln=16,r=8,p=5${SALT}${CHECKSUM}",
    "a million passes of scrypt": f"$scrypt$ln=1,r=1,p=1048576${SALT}${CHECKSUM}",
    "two large passes of scrypt": f"$scrypt$ln=1,r=262144,p=2${SALT}${CHECKSUM}",
    "scrypt of Django": f"scrypt$131072$seasalt$8$1${CHECKSUM}",
    "iterations": f"$pbkdf2-sha256$2000001${SALT}${CHECKSUM}",
    "iterations of Django": f"pbkdf2_sha256$9999999999$seasalt${CHECKSUM}",
    "phpass": "$P$F12345678" + "." * 22,
    "Firebase": f"$firebase-scrypt$ln=20,r=8$Bw${SALT}${CHECKSUM}",
}
UNSUPPORTED: Final = {
    "empty": "",
    "plain text": "hunter2",
    "crypt of SHA-512": "$6$rounds=5000$saltsalt$" + "." * 86,
    "MD5 of Django": "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
    "Argon2 1.0": f"$argon2id$v=16$m=1024,t=3,p=1${SALT}${CHECKSUM}",
    "Argon2 without a version": f"$argon2i$m=1024,t=3,p=1${SALT}${CHECKSUM}",
    "memory for too few lanes": f"$argon2id$v=19$m=8,t=3,p=2${SALT}${CHECKSUM}",
    "no passes": f"$argon2id$v=19$m=1024,t=0,p=1${SALT}${CHECKSUM}",
    "a short salt": f"$argon2id$v=19$m=1024,t=1,p=1$c2FsdA${CHECKSUM}",
    "a checksum of one byte": f"$argon2id$v=19$m=1024,t=1,p=1${SALT}$QQ",
    "a checksum of 15 bytes": f"$pbkdf2-sha256$1000${SALT}${'A' * 20}",
    "a checksum that is not base64": f"$pbkdf2-sha256$1000${SALT}${'A' * 41}",
    "a checksum of 180 characters": f"$argon2id$v=19$m=1024,t=1,p=1${SALT}${'A' * 180}",
    "a cost that is not a power of two": f"scrypt$1000$seasalt$8$1${CHECKSUM}",
    "no iterations": f"$pbkdf2-sha256$0${SALT}${CHECKSUM}",
    "digits of another script": f"$pbkdf2-sha256$\u0661\u0660\u0660${SALT}${CHECKSUM}",
    "a line end": f"$pbkdf2-sha256$1000${SALT}${CHECKSUM}\n",
    "phpass with too few iterations": "$P$4" + "1" * 8 + "." * 22,
    "a salt with NUL": f"pbkdf2_sha256$1000$sea\0salt${CHECKSUM}",
    "a hash of 513 characters": f"pbkdf2_sha256$1000${'s' * 450}${CHECKSUM}",
}


@pytest.mark.parametrize("name", TOO_COSTLY)
async def test_a_hash_that_is_too_costly_is_refused_by_the_import_and_matches_no_password(
    hasher: BcryptHasher, name: str
) -> None:
    assert ForeignHashes(signer_key=FIREBASE_KEY).refusal_of(TOO_COSTLY[name]) is HashRefusal.TOO_COSTLY
    assert not (await hasher.check("correct horse", TOO_COSTLY[name])).is_correct


@pytest.mark.parametrize("name", UNSUPPORTED)
async def test_an_unsupported_hash_is_refused_by_the_import_and_matches_no_password(
    hasher: BcryptHasher, name: str
) -> None:
    assert ForeignHashes(signer_key=FIREBASE_KEY).refusal_of(UNSUPPORTED[name]) is HashRefusal.UNSUPPORTED
    assert not (await hasher.check("correct horse", UNSUPPORTED[name])).is_correct


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_the_import_accepts_each_hash_that_a_login_verifies(vector: Vector) -> None:
    assert ForeignHashes(signer_key=FIREBASE_KEY).refusal_of(vector.hash) is None


def test_the_memory_limit_can_be_raised() -> None:
    hashes = ForeignHashes(Bounds(memory_kib=102_400))
    assert hashes.refusal_of(TOO_COSTLY["Django's default"]) is None
    assert hashes.refusal_of(TOO_COSTLY["maximum memory of Argon2"]) is HashRefusal.TOO_COSTLY


def test_a_firebase_hash_is_refused_without_the_signer_key() -> None:
    assert ForeignHashes().refusal_of(PUBLISHED[0].hash) is HashRefusal.NEEDS_SIGNER_KEY


async def test_a_firebase_hash_matches_no_password_with_another_signer_key() -> None:
    hasher = BcryptHasher(rounds=4, threads=1, foreign=ForeignHashes(signer_key=FIREBASE_KEY[::-1]))
    assert not (await hasher.check(PUBLISHED[0].password, PUBLISHED[0].hash)).is_correct
    hasher.close()


@pytest.mark.parametrize(
    ("module", "stored"),
    [
        ("cryptography.hazmat.primitives.kdf", f"$argon2id$v=19$m=1024,t=1,p=1${SALT}${CHECKSUM}"),
        ("cryptography.hazmat.primitives.ciphers", PUBLISHED[0].hash),
    ],
)
def test_a_hash_with_a_missing_package_is_refused_with_its_own_reason(
    monkeypatch: pytest.MonkeyPatch, module: str, stored: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HashRefusedError) as refused:
        ForeignHashes(signer_key=FIREBASE_KEY).read(stored)
    assert refused.value.refusal is HashRefusal.NEEDS_PACKAGE


class _Clock:
    """A clock that only computations advance: a hash of cost n takes 2**n seconds."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.costs: list[int] = []

    def compute(self, cost: int) -> None:
        self.seconds += 2**cost
        self.costs.append(cost)


@pytest.mark.parametrize("rounds", [4, 5, 10, 12])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.999, 1, 3])
def test_a_wrong_password_is_padded_to_one_hash_at_the_current_cost(rounds: int, share: float) -> None:
    clock, full = _Clock(), 2**rounds
    pad_duration(100 - share * full, rounds, clock.compute, lambda: clock.seconds)
    part = max(16, full / 64)
    assert set(clock.costs) == {max(4, rounds - 6)}
    assert full <= share * full + clock.seconds - 100
    assert clock.seconds - 100 == part or share * full + clock.seconds - 100 < full + part


async def test_a_wrong_password_is_padded_and_a_correct_one_is_not(
    hasher: BcryptHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    hashpw = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        seen.append(int(salt[4:6]))
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    vector = next(each for each in MADE if each.hash.startswith("$pbkdf2-sha256$"))
    await hasher.check(vector.password + "x", vector.hash)
    assert seen
    seen.clear()
    await hasher.check(vector.password, vector.hash)
    assert seen == [4]
