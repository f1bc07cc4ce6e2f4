"""Delivery: the outcome of each message by its receiver's response, in the right order."""

from datetime import timedelta
from uuid import uuid4

import pytest

from doorward.domain.outbox.models import Delivered, Dropped, Message, Outage, Outcome, Postponed, Refused, TryAgain
from doorward.domain.outbox.retention import DeadLetterRetention
from tests.integration.outbox.messages import Outbox, Receiver
from tests.integration.service import FakeClock, Logs, events


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


async def test_a_delivered_message_is_removed(outbox: Outbox, logs: Logs) -> None:
    message_id = await outbox.add()
    receiver = Receiver()
    assert await outbox.delivery(receiver).deliver_due() == 1
    assert [(each.message_id, each.payload, each.attempts) for each in receiver.got] == [(message_id, b"payload", 1)]
    assert outbox.rows() == []
    (line,) = events(logs, "outbox.delivered")
    assert line["message_id"] == str(message_id)


async def test_a_dropped_message_is_removed(outbox: Outbox, logs: Logs) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Dropped("nothing_to_send"))).deliver_due()
    assert outbox.rows() == []
    assert len(events(logs, "outbox.dropped")) == 1


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 30), (3, 120)])
async def test_retries_of_a_message_have_increasing_delays(outbox: Outbox, failures: int, seconds: int) -> None:
    await outbox.add()
    delivery = outbox.delivery(Receiver(TryAgain("smtp_451")))
    for _ in range(failures):
        outbox.make_due()
        assert await delivery.deliver_due() == 1
    (row,) = outbox.rows()
    assert row["attempts"] == failures
    assert 0.7 * seconds < row["wait"] <= 1.2 * seconds
    assert await delivery.deliver_due() == 0


async def test_a_message_with_two_temporary_refusals_is_delivered_at_the_third_attempt(outbox: Outbox) -> None:
    await outbox.add()
    receiver = Receiver(TryAgain("smtp_451"), TryAgain("smtp_451"), Delivered())
    delivery = outbox.delivery(receiver)
    for _ in range(3):
        outbox.make_due()
        await delivery.deliver_due()
    assert [each.attempts for each in receiver.got] == [1, 2, 3]
    assert outbox.rows() == []


async def test_a_refused_message_is_a_dead_letter_without_content(outbox: Outbox, clock: FakeClock, logs: Logs) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550")), clock=clock).deliver_due()
    (row,) = outbox.rows()
    assert (row["dead_reason"], bytes(row["payload"]), row["died_at"]) == ("smtp_550", b"", clock.now())
    assert [line["reason"] for line in events(logs, "outbox.dead")] == ["smtp_550"]
    outbox.make_due()
    assert await outbox.delivery(Receiver()).deliver_due() == 0


async def test_an_expired_message_is_a_dead_letter_without_an_attempt(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now())
    receiver = Receiver()
    await outbox.delivery(receiver, clock=clock).deliver_due()
    assert receiver.got == []
    assert [(row["dead_reason"], bytes(row["payload"])) for row in outbox.rows()] == [("expired", b"")]


async def test_a_message_is_retried_until_its_expiry(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now() + timedelta(microseconds=1))
    assert await outbox.delivery(Receiver(), clock=clock).deliver_due() == 1
    assert outbox.rows() == []


async def test_a_clock_that_jumps_ahead_expires_nothing(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now() + timedelta(hours=1))
    clock.advance(timedelta(days=400))
    receiver = Receiver()
    await outbox.delivery(receiver, clock=clock, may_expire=lambda: False).deliver_due()
    assert len(receiver.got) == 1


async def test_outages_consume_no_attempts_and_five_open_the_circuit(outbox: Outbox, logs: Logs) -> None:
    now = [0.0]
    for _ in range(6):
        await outbox.add()
    receiver = Receiver(Outage("ConnectionRefusedError"))
    delivery = outbox.delivery(receiver, concurrency=1, steady=lambda: now[0])
    assert await delivery.deliver_due() == 5
    assert {row["attempts"] for row in outbox.rows()} == {0}
    outbox.make_due()
    assert await delivery.deliver_due() == 0, "the circuit is open"
    now[0] = 30.0
    assert await delivery.deliver_due() == 1, "one message probes the receiver"
    now[0] = 89.9
    assert await delivery.deliver_due() == 0, "the second pause is twice as long"
    now[0] = 90.0
    receiver.outcomes = [Delivered()]
    outbox.make_due()
    assert await delivery.deliver_due() == 6
    assert outbox.rows() == []
    assert [line["seconds"] for line in events(logs, "outbox.circuit.opened")] == [30, 60]
    assert len(events(logs, "outbox.circuit.closed")) == 1


class Scripted(Receiver):
    """A handler that fails with an exception where its script has no outcome."""

    def __init__(self, *script: Outcome | None) -> None:
        super().__init__()
        self.script = list(script)

    async def deliver(self, message: Message) -> Outcome:
        self.got.append(message)
        outcome = self.script.pop(0)
        if outcome is None:
            raise KeyError("a defect")
        return outcome


@pytest.mark.parametrize("unsent", [Refused("unreadable", is_answer=False), None])
async def test_a_message_that_was_not_sent_leaves_the_circuit_open(
    outbox: Outbox, logs: Logs, unsent: Outcome | None
) -> None:
    now = [0.0]
    for _ in range(7):
        await outbox.add()
    receiver = Scripted(*[Outage("ConnectionRefusedError")] * 5, unsent, Outage("ConnectionRefusedError"))
    delivery = outbox.delivery(receiver, concurrency=1, steady=lambda: now[0])
    assert await delivery.deliver_due() == 5
    now[0] = 30.0
    assert await delivery.deliver_due() == 2, "after the unsent message another one probes the receiver"
    assert [line["seconds"] for line in events(logs, "outbox.circuit.opened")] == [30, 60]
    assert events(logs, "outbox.circuit.closed") == []


async def test_a_postponed_message_waits_and_no_attempt_is_counted(outbox: Outbox) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Postponed(timedelta(seconds=60)))).deliver_due()
    (row,) = outbox.rows()
    assert row["attempts"] == 0
    assert 50 < row["wait"] <= 60


async def test_messages_of_channels_without_a_handler_are_kept(outbox: Outbox) -> None:
    await outbox.add(channel="webhook")
    assert await outbox.delivery(Receiver()).deliver_due() == 0
    assert [row["attempts"] for row in outbox.rows()] == [0]


async def test_messages_of_a_stream_keep_their_order_and_delay_no_other_stream(outbox: Outbox) -> None:
    endpoint, first, second = uuid4(), uuid4(), uuid4()
    ids = [await outbox.add(endpoint=endpoint, stream=stream) for stream in (first, first, second)]
    receiver = Receiver(TryAgain("status_500"), Delivered())
    delivery = outbox.delivery(receiver, concurrency=1)
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got] == [ids[0], ids[2]]
    outbox.make_due()
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got[2:]] == ids[:2]


async def test_a_stream_continues_after_a_dead_letter(outbox: Outbox) -> None:
    endpoint, stream = uuid4(), uuid4()
    ids = [await outbox.add(endpoint=endpoint, stream=stream) for _ in range(2)]
    receiver = Receiver(Refused("status_410"), Delivered())
    await outbox.delivery(receiver).deliver_due()
    assert [each.message_id for each in receiver.got] == ids


async def test_an_error_with_one_message_does_not_stop_others(outbox: Outbox, logs: Logs) -> None:
    first, second = await outbox.add(), await outbox.add()

    class Defective(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            if message.message_id == first:
                raise KeyError("a defect")
            return await super().deliver(message)

    receiver = Defective()
    await outbox.delivery(receiver).deliver_due()
    assert [each.message_id for each in receiver.got] == [second]
    assert [row["attempts"] for row in outbox.rows()] == [1]
    assert len(events(logs, "outbox.crashed")) == 1


async def test_dead_letters_are_removed_after_14_days(outbox: Outbox, clock: FakeClock) -> None:
    for _ in range(3):
        await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550")), clock=clock).deliver_due()
    waiting = await outbox.add()
    retention = DeadLetterRetention(database=outbox.database, clock=clock, letters_a_batch=2)
    clock.advance(timedelta(days=14))
    assert await retention.prune() == 0
    clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 3
    assert [row["message_id"] for row in outbox.rows()] == [waiting]
