"""Messages that wait for others do not block due ones, and wait no longer than necessary."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.domain.outbox.models import Delivered, Message, Outcome, TryAgain
from tests.integration.outbox.messages import CHANNEL, Outbox, Receiver, eventually

BLOCKED = 20_000
SHORT_DELAY = timedelta(milliseconds=20)


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


def fill(outbox: Outbox, rows: int, *, endpoint: UUID, streams: int) -> None:
    """Store messages of some streams whose first messages have to be retried later."""
    outbox.sql(
        "INSERT INTO outbox (message_id, channel, kind, payload, endpoint, stream, due_at)"
        " SELECT gen_random_uuid(), %s, 'kind', '', %s, (%s::uuid[])[1 + number %% %s],"
        " clock_timestamp() + CASE WHEN number < %s THEN interval '1 hour' ELSE interval '-1 hour' END"
        " FROM generate_series(0, %s) AS number",
        *(CHANNEL, endpoint, [uuid4() for _ in range(streams)], streams, streams, rows + streams - 1),
    )


@pytest.mark.parametrize("streams", [1, 500])
async def test_a_due_message_after_20000_waiting_ones_is_delivered(outbox: Outbox, streams: int) -> None:
    fill(outbox, BLOCKED, endpoint=uuid4(), streams=streams)
    message_id = await outbox.add(endpoint=uuid4(), stream=uuid4())
    receiver = Receiver()
    delivery = outbox.delivery(receiver)
    assert await delivery.deliver_due() == 1
    assert [each.message_id for each in receiver.got] == [message_id]
    waiting = outbox.sql("SELECT count(*) FROM outbox WHERE due_at > clock_timestamp() + interval '50 minutes'")
    assert waiting == [{"count": BLOCKED + streams}], "they are due when the first of their stream is"


async def test_waiting_messages_are_updated_once_and_not_at_each_poll(outbox: Outbox) -> None:
    fill(outbox, 2000, endpoint=uuid4(), streams=1)
    delivery = outbox.delivery(Receiver())
    await delivery.deliver_due()
    versions = outbox.sql("SELECT xmin::text AS version FROM outbox ORDER BY id")
    await delivery.deliver_due()
    assert outbox.sql("SELECT xmin::text AS version FROM outbox ORDER BY id") == versions


async def test_messages_of_one_channel_are_not_read_to_find_those_of_another(outbox: Outbox) -> None:
    outbox.sql(
        "INSERT INTO outbox (message_id, channel, kind, payload, due_at)"
        " SELECT gen_random_uuid(), 'other', 'kind', '', clock_timestamp() - interval '1 hour'"
        " FROM generate_series(1, %s)",
        BLOCKED,
    )
    await outbox.add()
    outbox.sql("ANALYZE outbox")
    before = outbox.sql("SELECT idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_user_tables WHERE relname = 'outbox'")
    assert await outbox.delivery(Receiver()).deliver_due() == 1
    outbox.sql("SELECT pg_stat_force_next_flush()")
    after = outbox.sql("SELECT idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_user_tables WHERE relname = 'outbox'")
    assert after[0]["rows"] - before[0]["rows"] < 100


async def test_a_stream_continues_at_once_after_its_first_message_is_delivered(outbox: Outbox) -> None:
    endpoint, stream = uuid4(), uuid4()
    ids = [await outbox.add(endpoint=endpoint, stream=stream) for _ in range(5)]
    receiver = Receiver(TryAgain("status_500"), Delivered())
    delivery = outbox.delivery(receiver)
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got] == ids[:1]
    assert {row["wait"] > 1 for row in outbox.rows()} == {True}, "all wait for the first"
    outbox.sql("UPDATE outbox SET due_at = clock_timestamp() WHERE message_id = %s", ids[0])
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got[1:]] == ids


async def test_concurrent_processes_keep_the_order(outbox: Outbox) -> None:
    endpoint, streams = uuid4(), [uuid4() for _ in range(5)]
    stored: dict[UUID, UUID] = {}
    for _ in range(12):
        for stream in streams:
            stored[await outbox.add(endpoint=endpoint, stream=stream)] = stream
    got: list[UUID] = []
    first_tries = 0

    class Slow(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            nonlocal first_tries
            await asyncio.sleep(0.001)
            if message.attempts == 1 and len(got) % 7 == 0:
                first_tries += 1
                return TryAgain("status_503", delay=SHORT_DELAY)
            got.append(message.message_id)
            return Delivered()

    async def deliver() -> None:
        while outbox.rows():
            await outbox.delivery(Slow()).deliver_due()
            await asyncio.sleep(0.01)

    async with asyncio.timeout(120):
        await asyncio.gather(*(deliver() for _ in range(3)))
    assert first_tries
    for stream in streams:
        mine = [each for each in stored if stored[each] == stream]
        assert [each for each in got if stored[each] == stream] == mine


async def test_a_slow_message_occupies_only_its_own_slot(outbox: Outbox) -> None:
    slow_id = await outbox.add()
    others = [await outbox.add() for _ in range(4)]
    released = asyncio.Event()

    class OneSlow(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            if message.message_id == slow_id:
                await released.wait()
            return await super().deliver(message)

    receiver = OneSlow()
    task = asyncio.create_task(outbox.delivery(receiver, concurrency=2).deliver_due())
    await eventually(lambda: len(receiver.got) == len(others))
    assert [each.message_id for each in receiver.got] == others
    released.set()
    await task
    assert outbox.rows() == []
