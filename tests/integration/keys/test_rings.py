"""The key ring of a process: when it reads the keys again, and what it keeps when it cannot."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from datetime import timedelta

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.domain.keys.models import KeyState, StoredKey, sealing_context
from doorward.domain.keys.publishing import PublishedKeys
from doorward.domain.keys.resealing import KeyResealing
from doorward.infrastructure.key_ring import RingTimes
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.keys.conftest import KEPT, Copy, MakeCopy
from tests.integration.keys.copies import SOON
from tests.integration.service import Logs, events


async def test_the_first_keys_are_created_once_and_sign_at_once(make_copy: MakeCopy) -> None:
    first, second = make_copy(), make_copy()
    await asyncio.gather(first.open(), second.open())
    assert first.kids() == second.kids()
    assert len(first.kids()) == 4
    for algorithm in ("ES256", "RS256"):
        signing = await first.in_state(KeyState.SIGNING, algorithm)
        key = second.rings.current.verifying_key(signing)
        assert key is not None
        assert second.rings.current.signing_key(key.algorithm, first.clock.now()) is key
    await make_copy().open()
    assert len(await first.changes.list()) == 4


async def test_a_start_that_waits_for_the_first_keys_of_another_copy_logs_it_once(
    make_copy: MakeCopy, logs: Logs
) -> None:
    """The copy that has the lock and creates the keys is slow."""
    first = make_copy()
    second = make_copy(times=RingTimes(first_keys=0.01, first_keys_due=0.03))
    looks = 0

    async def make_first() -> None:
        nonlocal looks
        looks += 1
        if looks == 20:
            assert len(events(logs, "keys.awaited")) == 1
            await first.open()

    await second.rings.open(make_first)
    assert looks == 20
    assert [line["level"] for line in events(logs, "keys.awaited")] == ["warning"]
    assert second.kids() == first.kids()
    await make_copy(times=RingTimes(first_keys_due=0)).open()
    assert len(events(logs, "keys.awaited")) == 1


async def test_a_ring_is_replaced_only_if_the_keys_have_changed(make_copy: MakeCopy) -> None:
    """Its cache of tokens is discarded with it."""
    copy = make_copy()
    await copy.open()
    ring = copy.rings.current
    await copy.rings.reread()
    assert copy.rings.current is ring
    await copy.changes.rotate(at_once=True)
    await copy.rings.reread()
    assert copy.rings.current is not ring
    assert copy.rings.current.etag != ring.etag


async def test_a_key_that_has_not_changed_is_not_decrypted_again(make_copy: MakeCopy) -> None:
    copy = make_copy()
    await copy.open()
    before = copy.rings.current.signing_key("RS256", copy.clock.now())
    await copy.changes.revoke(await copy.in_state(KeyState.STANDBY, "ES256"))
    await copy.rings.reread()
    after = copy.rings.current.signing_key("RS256", copy.clock.now())
    assert before.private is not None
    assert after.private is before.private


async def test_a_key_retired_by_another_copy_loses_its_private_part(make_copy: MakeCopy) -> None:
    first, second = make_copy(), make_copy()
    await first.open()
    await second.open()
    kid = await first.in_state(KeyState.SIGNING)
    await first.changes.rotate(at_once=True)
    await second.rings.reread()
    key = second.rings.current.verifying_key(kid)
    assert key is not None
    assert (key.private, key.retires_at is None) == (None, False)


async def test_an_unknown_key_causes_at_most_one_read_for_many_tokens(make_copy: MakeCopy) -> None:
    first, second = make_copy(), make_copy()
    await first.open()
    await second.open()
    await first.changes.revoke(await first.in_state(KeyState.SIGNING))
    new = await first.in_state(KeyState.STANDBY)
    queries = make_copy.database.pool_load().asked
    answers = await asyncio.gather(*(second.rings.refresh_for_key(new) for _ in range(50)))
    assert all(answers)
    assert make_copy.database.pool_load().asked == queries + 1
    assert not any(await asyncio.gather(*(second.rings.refresh_for_key(f"unknown {number}") for number in range(50))))
    assert make_copy.database.pool_load().asked == queries + 1


async def test_unknown_keys_are_looked_up_again_after_an_interval(make_copy: MakeCopy) -> None:
    first, second = make_copy(), make_copy(times=RingTimes(reread=3600, minimum_refresh_interval=0.05))
    await first.open()
    await second.open()
    assert not await second.rings.refresh_for_key("unknown")
    await first.changes.rotate(at_once=True)
    new = await first.in_state(KeyState.STANDBY)
    await asyncio.sleep(0.06)
    assert await second.rings.refresh_for_key(new)


def test_the_default_intervals_meet_the_documented_limits() -> None:
    """A revoked key is refused by every copy within 10 seconds; unknown keys cost a query per 5 seconds at most."""
    assert RingTimes().reread <= 8
    assert RingTimes().minimum_refresh_interval == 5


class FailingKeys(PublishedKeys):
    """Raises each of the given errors once."""

    def __init__(self, make_copy: MakeCopy, faults: list[Exception]) -> None:
        super().__init__(database=make_copy.database, clock=make_copy.clock)
        self._faults = faults

    async def list(self) -> Sequence[StoredKey]:
        if self._faults:
            raise self._faults.pop(0)
        return await super().list()


async def test_keys_are_reread_in_the_background_even_after_a_fault(make_copy: MakeCopy, logs: Logs) -> None:
    faults: list[Exception] = []
    first, second = make_copy(), make_copy(times=SOON, published=FailingKeys(make_copy, faults))
    await second.open()
    faults += [ServiceUnavailableError(), RuntimeError("a defect")]
    async with second.rings.running():
        await first.changes.rotate(at_once=True)
        new = await first.in_state(KeyState.STANDBY)
        async with asyncio.timeout(60):
            while new not in second.kids():  # noqa: ASYNC110 - another task reads the keys
                await asyncio.sleep(0.01)
    assert len(events(logs, "keys.not_read")) == 1
    (crashed,) = events(logs, "keys.crashed")
    assert "a defect" in json.dumps(crashed)


async def test_the_first_background_read_comes_after_an_interval(make_copy: MakeCopy) -> None:
    faults: list[Exception] = []
    copy = make_copy(published=FailingKeys(make_copy, faults))
    await copy.open()
    faults.append(ServiceUnavailableError())
    async with copy.rings.running():
        for _ in range(20):
            await asyncio.sleep(0)
    assert len(faults) == 1


async def test_a_copy_that_cannot_decrypt_a_reencrypted_key_keeps_it_and_logs_an_error(
    make_copy: MakeCopy, logs: Logs
) -> None:
    copy = make_copy()
    await copy.open()
    before = copy.kids()
    new_key = secrets.token_bytes(32)
    assert await KeyResealing(database=make_copy.database, sealer=AesGcmSealer([new_key, make_copy.key])).reseal() == (
        4,
        0,
    )
    await copy.rings.reread()
    assert copy.kids() == before
    assert copy.rings.current.signing_key("ES256", copy.clock.now())
    assert {line["kid"] for line in events(logs, "keys.unreadable")} == before
    assert {line["level"] for line in events(logs, "keys.unreadable")} == {"error"}
    # Public columns are still read: a revoked key is removed.
    elsewhere = make_copy(keys=[new_key])
    revoked = await copy.in_state(KeyState.SIGNING)
    await elsewhere.changes.revoke(revoked)
    await copy.rings.reread()
    assert revoked not in copy.kids()
    assert copy.rings.current.signing_key("ES256", copy.clock.now()).kid in before


async def test_a_copy_that_cannot_decrypt_the_keys_adds_none(make_copy: MakeCopy) -> None:
    await make_copy().open()
    wrong = make_copy(keys=[secrets.token_bytes(32)])
    stored = await wrong.changes.list()
    with pytest.raises(SigningKeysUnreadableError):
        await wrong.open()
    for change in (wrong.changes.begin(), wrong.changes.maintain(), wrong.changes.rotate(at_once=True)):
        with pytest.raises(SigningKeysUnreadableError):
            await change
    assert await wrong.changes.list() == stored


@pytest.mark.parametrize("are_created_during_start", [False, True])
async def test_a_start_fails_if_a_standby_key_cannot_be_decrypted(
    make_copy: MakeCopy, *, are_created_during_start: bool
) -> None:
    """Other keys can sign now, but this one signs next. Another copy may create the keys during the start."""
    first, second = make_copy(), make_copy()

    async def make_first() -> None:
        await first.open()
        await make_copy.spoil(await first.in_state(KeyState.STANDBY))

    if not are_created_during_start:
        await make_first()
    with pytest.raises(SigningKeysUnreadableError):
        await second.rings.open(make_first)


async def test_a_retired_key_that_cannot_be_decrypted_does_not_prevent_a_start(make_copy: MakeCopy, logs: Logs) -> None:
    copy = make_copy()
    await copy.open()
    retired = await copy.in_state(KeyState.SIGNING)
    await copy.changes.rotate(at_once=True)
    await make_copy.spoil(retired)
    other = make_copy()
    await other.open()
    assert retired not in other.kids()
    assert [line["kid"] for line in events(logs, "keys.unreadable")] == [retired]


async def test_a_modified_row_adds_no_key(make_copy: MakeCopy) -> None:
    """An attacker with write access to the table has no sealing key: swapped rows cannot be decrypted."""
    copy = make_copy()
    await copy.open()
    signing, standby = await copy.in_state(KeyState.SIGNING), await copy.in_state(KeyState.STANDBY)
    async with make_copy.database.connection() as connection:
        await connection.execute(
            """
            UPDATE signing_keys
            SET sealed = (SELECT sealed FROM signing_keys WHERE kid = %(other)s)
            WHERE kid = %(kid)s
            """,
            {"kid": signing, "other": standby},
        )
    with pytest.raises(SigningKeysUnreadableError):
        await make_copy().open()


async def test_the_private_part_is_destroyed_after_the_last_token_expires_and_the_row_later(
    make_copy: MakeCopy,
) -> None:
    copy = make_copy()
    await copy.open()
    former = await copy.in_state(KeyState.SIGNING)
    await copy.changes.rotate(at_once=True)
    copy.clock.advance(timedelta(hours=25) - timedelta(seconds=1))
    await copy.changes.maintain()
    await copy.rings.reread()
    assert former in copy.kids()
    assert "d" in await _opened(copy, make_copy.key, former)
    copy.clock.advance(timedelta(seconds=1))
    assert await copy.changes.maintain() == 2
    await copy.rings.reread()
    assert former not in copy.kids()
    assert "d" not in await _opened(copy, make_copy.key, former)
    assert await copy.changes.maintain() == 0
    copy.clock.advance(KEPT - timedelta(seconds=1))
    await copy.changes.maintain()
    assert former in [key.kid for key, _ in await copy.changes.list()]
    copy.clock.advance(timedelta(seconds=1))
    await copy.changes.maintain()
    assert former not in [key.kid for key, _ in await copy.changes.list()]


async def _opened(copy: Copy, sealing_key: bytes, kid: str) -> dict[str, str]:
    (row,) = [key for key, _ in await copy.changes.list() if key.kid == kid]
    opened = AesGcmSealer([sealing_key]).open(row.sealed, context=sealing_context(row.kid, row.algorithm))
    members: dict[str, str] = json.loads(opened)
    return members
