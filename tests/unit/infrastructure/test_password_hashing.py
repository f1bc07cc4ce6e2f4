"""bcrypt hashes: the passwords that match them, and the hashes that are replaced."""

import re
import unicodedata
from collections.abc import Iterator

import bcrypt
import pytest

from doorward.infrastructure.passwords import BcryptHasher
from tests.unit.infrastructure.unusable_hashes import UNUSABLE_HASHES

PASSLIB_VECTOR = "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"
"""The hash of 'password' in passlib's documentation."""


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    """Yield a hasher of cost 5, so that a lower cost exists."""
    made = BcryptHasher(rounds=5, threads=1)
    yield made
    made.close()


def _plain(password: str, *, cost: int = 4, kind: str = "2b") -> str:
    made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()
    return made.replace("$2b$", f"${kind}$", 1)


async def test_a_password_matches_its_hash(hasher: BcryptHasher) -> None:
    assert (await hasher.check("correct horse", await hasher.hash("correct horse"))).is_correct


async def test_another_password_does_not_match(hasher: BcryptHasher) -> None:
    assert not (await hasher.check("correct horsf", await hasher.hash("correct horse"))).is_correct


async def test_a_hash_has_the_published_format_and_the_current_cost(hasher: BcryptHasher) -> None:
    assert re.fullmatch(
        r"\$bcrypt-sha256\$v=2,t=2b,r=5\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}", await hasher.hash("correct horse")
    )


async def test_two_hashes_of_one_password_differ(hasher: BcryptHasher) -> None:
    assert await hasher.hash("correct horse") != await hasher.hash("correct horse")


async def test_a_hash_that_passlib_made_is_verified(hasher: BcryptHasher) -> None:
    assert (await hasher.check("password", PASSLIB_VECTOR)).is_correct


async def test_the_73rd_byte_is_significant(hasher: BcryptHasher) -> None:
    stored = await hasher.hash("a" * 72 + "b")
    assert not (await hasher.check("a" * 72 + "c", stored)).is_correct
    assert not (await hasher.check("a" * 72, stored)).is_correct


@pytest.mark.parametrize("password", ["\x00secret word", "secret\x00word", "secret word\x00"])
async def test_nul_is_significant_like_other_characters(hasher: BcryptHasher, password: str) -> None:
    stored = await hasher.hash(password)
    assert (await hasher.check(password, stored)).is_correct
    assert not (await hasher.check(password.replace("\x00", ""), stored)).is_correct
    assert not (await hasher.check(password.partition("\x00")[0], stored)).is_correct


async def test_a_password_matches_composed_and_decomposed(hasher: BcryptHasher) -> None:
    composed, decomposed = (unicodedata.normalize(form, "crème brûlée") for form in ("NFC", "NFD"))
    assert (await hasher.check(decomposed, await hasher.hash(composed))).is_correct


async def test_different_emoji_do_not_match(hasher: BcryptHasher) -> None:
    stored = await hasher.hash("\U0001f511" * 8)
    assert (await hasher.check("\U0001f511" * 8, stored)).is_correct
    assert not (await hasher.check("\U0001f512" * 8, stored)).is_correct


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
async def test_a_plain_hash_is_verified_and_replaced_by_one_that_matches(hasher: BcryptHasher, kind: str) -> None:
    check = await hasher.check("correct horse", _plain("correct horse", cost=5, kind=kind))
    assert check.is_correct
    assert check.upgraded_hash is not None
    assert check.upgraded_hash.startswith("$bcrypt-sha256$v=2,t=2b,r=5$")
    assert (await hasher.check("correct horse", check.upgraded_hash)).is_correct


async def test_a_plain_hash_does_not_match_another_password(hasher: BcryptHasher) -> None:
    check = await hasher.check("correct horsf", _plain("correct horse"))
    assert (check.is_correct, check.upgraded_hash) == (False, None)


async def test_a_hash_of_lower_cost_is_replaced(hasher: BcryptHasher) -> None:
    cheap = BcryptHasher(rounds=4, threads=1)
    check = await hasher.check("correct horse", await cheap.hash("correct horse"))
    cheap.close()
    assert check.is_correct
    assert check.upgraded_hash is not None
    assert ",r=5$" in check.upgraded_hash


@pytest.mark.parametrize("cost", [5, 6])
async def test_a_hash_of_the_same_or_a_higher_cost_is_kept(hasher: BcryptHasher, cost: int) -> None:
    other = BcryptHasher(rounds=cost, threads=1)
    check = await hasher.check("correct horse", await other.hash("correct horse"))
    other.close()
    assert (check.is_correct, check.upgraded_hash) == (True, None)


async def test_a_plain_hash_never_matches_a_password_that_bcrypt_would_truncate(hasher: BcryptHasher) -> None:
    assert not (await hasher.check("a" * 73, _plain("a" * 72))).is_correct


async def test_a_plain_hash_matches_a_password_of_72_bytes(hasher: BcryptHasher) -> None:
    assert (await hasher.check("a" * 72, _plain("a" * 72))).is_correct


@pytest.mark.parametrize("stored", [*UNUSABLE_HASHES, None])
@pytest.mark.parametrize("password", ["", "correct horse", "\x00"])
async def test_an_unusable_hash_matches_no_password(hasher: BcryptHasher, stored: str | None, password: str) -> None:
    check = await hasher.check(password, stored)
    assert (check.is_correct, check.upgraded_hash) == (False, None)


ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _with_unused_bits(stored: str, *, salt_end: int, salt_bits: int, checksum_bits: int) -> str:
    """Set unused bits of the last character of the salt, and of the checksum, which ends the hash."""
    salt, checksum = (
        ALPHABET[ALPHABET.index(stored[place]) + bits] for place, bits in ((salt_end, salt_bits), (-1, checksum_bits))
    )
    return stored[:salt_end] + salt + stored[salt_end + 1 : -1] + checksum


@pytest.mark.parametrize(("salt_bits", "checksum_bits"), [(1, 0), (15, 0), (0, 1), (0, 3), (6, 2)])
async def test_a_hash_with_unused_bits_set_is_verified(
    hasher: BcryptHasher, salt_bits: int, checksum_bits: int
) -> None:
    plain = _with_unused_bits(_plain("correct horse"), salt_end=28, salt_bits=salt_bits, checksum_bits=checksum_bits)
    ours = await hasher.hash("correct horse")
    prehashed = _with_unused_bits(ours, salt_end=len(ours) - 33, salt_bits=salt_bits, checksum_bits=checksum_bits)
    for stored in (plain, prehashed):
        assert (await hasher.check("correct horse", stored)).is_correct
        assert not (await hasher.check("wrong horse", stored)).is_correct


async def test_a_hash_with_a_salt_chosen_by_hand_is_verified(hasher: BcryptHasher) -> None:
    made = bcrypt.hashpw(b"correct horse", b"$2b$04$abcdefghijklmnopqrstuu").decode()
    assert (await hasher.check("correct horse", made.replace("stuu", "stuv", 1))).is_correct
