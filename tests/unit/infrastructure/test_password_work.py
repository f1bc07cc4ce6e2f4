"""The hashing work of a password check."""

from collections.abc import Iterable, Iterator

import bcrypt
import pytest

from doorward.infrastructure.passwords import BcryptHasher
from tests.unit.infrastructure.unusable_hashes import UNUSABLE_HASHES

COST = 5
CHEAP_PLAIN = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
HASH_WITH_A_SALT_CHOSEN_BY_HAND = (
    bcrypt.hashpw(b"correct horse", b"$2b$04$abcdefghijklmnopqrstuu").decode().replace("stuu", "stuv", 1)
)

CURRENT_PLAIN = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(COST)).decode()


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    made = BcryptHasher(rounds=COST, threads=1)
    yield made
    made.close()


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that records the cost of each bcrypt computation."""
    seen: list[int] = []
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def counting_hashpw(password: bytes, salt: bytes) -> bytes:
        made = hashpw(password, salt)
        seen.append(int(salt[4:6]))
        return made

    def counting_checkpw(password: bytes, hashed_password: bytes) -> bool:
        fits = checkpw(password, hashed_password)
        seen.append(int(hashed_password[4:6]))
        return fits

    monkeypatch.setattr(bcrypt, "hashpw", counting_hashpw)
    monkeypatch.setattr(bcrypt, "checkpw", counting_checkpw)
    return seen


def _work(costs: Iterable[int]) -> tuple[int, int]:
    """Return the number of computed hashes, each of which has a setup, and the sum of their iterations."""
    counted = list(costs)
    return len(counted), sum(2**cost for cost in counted)


REFUSAL = _work([COST, 4])
"""The work of every refusal."""


@pytest.mark.parametrize("stored", [*UNUSABLE_HASHES, None])
async def test_an_unusable_hash_has_the_cost_of_a_refusal(
    hasher: BcryptHasher, costs: list[int], stored: str | None
) -> None:
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


async def test_a_wrong_password_has_the_cost_of_a_refusal(hasher: BcryptHasher, costs: list[int]) -> None:
    stored = await hasher.hash("correct horse")
    costs.clear()
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


@pytest.mark.parametrize(
    "stored",
    [CHEAP_PLAIN, CURRENT_PLAIN, HASH_WITH_A_SALT_CHOSEN_BY_HAND],
    ids=["cheap", "current", "with unused bits set"],
)
async def test_a_wrong_password_for_a_plain_hash_has_the_cost_of_a_refusal(
    hasher: BcryptHasher, costs: list[int], stored: str
) -> None:
    await hasher.check("wrong horse", stored)
    assert _work(costs) == REFUSAL


async def test_a_password_too_long_for_a_plain_hash_has_the_cost_of_a_refusal(
    hasher: BcryptHasher, costs: list[int]
) -> None:
    await hasher.check("a" * 73, CURRENT_PLAIN)
    assert _work(costs) == REFUSAL


async def test_a_correct_password_costs_one_hash(hasher: BcryptHasher, costs: list[int]) -> None:
    stored = await hasher.hash("correct horse")
    costs.clear()
    assert (await hasher.check("correct horse", stored)).is_correct
    assert costs == [COST]


async def test_a_wrong_password_for_a_more_costly_hash_costs_only_that_hash(costs: list[int]) -> None:
    hasher = BcryptHasher(rounds=4, threads=1)
    await hasher.check("wrong horse", CURRENT_PLAIN)
    hasher.close()
    assert costs == [COST]


@pytest.fixture
def claimed_costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that records the requested cost of each bcrypt computation, which runs at the minimum cost."""
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw
    claimed: list[int] = []

    def cheap(salt: bytes) -> bytes:
        claimed.append(int(salt[4:6]))
        return salt[:4] + b"04" + salt[6:]

    monkeypatch.setattr(bcrypt, "hashpw", lambda password, salt: hashpw(password, cheap(salt)))
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: checkpw(password, cheap(stored)))
    return claimed


@pytest.mark.parametrize("rounds", [4, 5, 6, 10])
async def test_a_refusal_costs_the_same_for_hashes_of_every_cost(claimed_costs: list[int], rounds: int) -> None:
    hasher = BcryptHasher(rounds=rounds, threads=1)
    work: dict[str, tuple[int, int]] = {}
    plain = {f"cost {cost}": CHEAP_PLAIN.replace("$04$", f"${cost:02}$") for cost in range(4, rounds + 1)}
    for name, stored in {"no hash": None, **plain}.items():
        claimed_costs.clear()
        await hasher.check("wrong horse", stored)
        work[name] = _work(claimed_costs)
    hasher.close()
    assert work == dict.fromkeys(work, _work([rounds, *[4] * (rounds - 4)]))


async def test_a_plain_hash_of_the_current_cost_is_replaced_too(hasher: BcryptHasher) -> None:
    check = await hasher.check("correct horse", CURRENT_PLAIN)
    assert check.upgraded_hash is not None
