"""Delivery of webhooks from the outbox: signed, in order, retried, and finally disabled."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.core.versions import any_version
from doorward.domain.administration.models import OPERATOR
from doorward.domain.outbox.mail import MailKind, MailRequest
from doorward.domain.outbox.models import sealing_context
from tests.integration.outbox.messages import eventually
from tests.integration.service import FakeClock, Logs, events, facts
from tests.integration.webhook_receiver import OK, Received, Receiver, answer_of, receiving
from tests.integration.webhooks.endpoints import Hooks, is_signed_by


@pytest.fixture
def hooks(own_database: str, clock: FakeClock) -> Hooks:
    return Hooks(own_database, clock)


def users_of(received: list[Received]) -> list[UUID]:
    return [UUID(json.loads(each.body)["data"]["user_id"]) for each in received]


async def test_a_message_is_sent_signed_and_its_row_removed(hooks: Hooks, logs: Logs) -> None:
    receiver, user_id = Receiver(), uuid4()
    async with receiving(receiver) as port:
        made = await hooks.endpoint(port)
        await hooks.record_events(user_id)
        (payload,) = hooks.payloads()
        assert await hooks.delivery().deliver_due() == 1
    (got,) = receiver.got
    assert is_signed_by(made.secret, got)
    assert json.loads(got.body) == payload
    assert got.headers["webhook-id"] == payload["id"]
    assert int(got.headers["webhook-timestamp"]) == int(hooks.clock.now().timestamp())
    assert hooks.rows() == []
    (line,) = events(logs, "outbox.delivered")
    assert facts(line, "channel", "kind") == ("webhook", "user.activated")
    assert made.secret not in logs.text()


async def test_messages_are_signed_with_both_secrets_for_24_hours_after_a_rotation(hooks: Hooks) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        old = await hooks.endpoint(port)
        new = await hooks.webhooks.rotate_secret(OPERATOR, old.endpoint.id, any_version)
        hooks.outbox.sql("DELETE FROM outbox")
        hooks.clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
        await hooks.record_events(uuid4())
        await hooks.delivery().deliver_due()
        hooks.clock.advance(timedelta(microseconds=1))
        await hooks.record_events(uuid4())
        await hooks.delivery().deliver_due()
    during, after = receiver.got
    assert [is_signed_by(made.secret, during) for made in (old, new)] == [True, True]
    assert [is_signed_by(made.secret, after) for made in (old, new)] == [False, True]


async def test_a_failed_message_delays_only_later_ones_of_its_user(hooks: Hooks, logs: Logs) -> None:
    ada, bob = uuid4(), uuid4()
    receiver = Receiver(answer_of(500), OK)
    async with receiving(receiver) as port:
        await hooks.endpoint(port)
        await hooks.record_events(ada, ada, bob)
        delivery = hooks.delivery(concurrency=1)
        await delivery.deliver_due()
        assert users_of(receiver.got) == [ada, bob]
        first, second = hooks.rows()
        assert (first["attempts"], 4 < first["wait"] <= 5, second["attempts"]) == (1, True, 0)
        hooks.outbox.make_due()
        await delivery.deliver_due()
    assert users_of(receiver.got) == [ada, bob, ada, ada]
    assert receiver.got[0].body == receiver.got[2].body
    assert receiver.got[2].body != receiver.got[3].body
    (line,) = events(logs, "outbox.retried")
    assert facts(line, "reason", "seconds") == ("status_500", 5.0)


async def test_after_ten_attempts_a_message_is_a_dead_letter_and_its_stream_continues(hooks: Hooks) -> None:
    user_id = uuid4()
    receiver = Receiver(*[answer_of(500)] * 10, OK)
    waits = []
    async with receiving(receiver) as port:
        await hooks.endpoint(port)
        await hooks.record_events(user_id, user_id)
        for _ in range(10):
            hooks.outbox.sql("UPDATE outbox SET due_at = clock_timestamp() WHERE id = (SELECT min(id) FROM outbox)")
            await hooks.delivery(concurrency=1).deliver_due()
            waits.append(round(hooks.rows()[0]["wait"] / 60))
    hours = [60 * each for each in (2, 5, 10, 14, 20, 24)]
    assert waits[:9] == [0, 5, 30, *hours]
    (dead,) = hooks.rows()
    assert (dead["dead_reason"], dead["attempts"]) == ("status_500", 10)
    assert json.loads(bytes(dead["payload"]))["data"]["user_id"] == str(user_id), "it can be retried"
    assert len(receiver.got) == 11


async def test_retry_after_pauses_the_endpoint_for_all_messages(hooks: Hooks) -> None:
    receiver = Receiver(answer_of(429, "Retry-After: 3600"), OK)
    async with receiving(receiver) as port:
        made = await hooks.endpoint(port)
        await hooks.record_events(uuid4(), uuid4(), uuid4())
        await hooks.delivery(concurrency=1).deliver_due()
        assert len(receiver.got) == 1
        assert {3500 < row["wait"] <= 3600 for row in hooks.rows()} == {True}
        hooks.outbox.sql("UPDATE webhook_endpoints SET paused_until = now() WHERE id = %s", made.endpoint.id)
        hooks.outbox.make_due()
        await hooks.delivery(concurrency=1).deliver_due()
    assert len(receiver.got) == 4
    assert hooks.rows() == []


async def test_an_unreachable_endpoint_is_paused_and_probed_with_one_message(hooks: Hooks) -> None:
    async with receiving(Receiver()) as port:
        made = await hooks.endpoint(port)
    await hooks.record_events(*(uuid4() for _ in range(20)))
    assert await hooks.delivery(concurrency=1).deliver_due() == 5
    stored = hooks.stored(made.endpoint.id)
    assert (stored["faults"], stored["failing_since"]) == (5, hooks.clock.now())
    assert {row["wait"] > 4 for row in hooks.rows()} == {True}
    hooks.outbox.make_due()
    hooks.outbox.sql("UPDATE webhook_endpoints SET paused_until = now()")
    assert await hooks.delivery(concurrency=8).deliver_due() == 8
    assert hooks.stored(made.endpoint.id)["faults"] == 6, "only one of the messages claimed together was sent"
    receiver = Receiver()
    async with receiving(receiver) as other:
        hooks.outbox.sql("UPDATE webhook_endpoints SET url = %s, paused_until = now()", f"http://127.0.0.1:{other}/")
        hooks.outbox.make_due()
        await hooks.delivery(concurrency=1).deliver_due()
    assert len(receiver.got) == 20
    stored = hooks.stored(made.endpoint.id)
    assert (stored["faults"], stored["failing_since"], stored["paused_until"]) == (0, None, None)


@pytest.mark.parametrize(("answer", "days", "reason"), [(410, 0, "gone"), (500, 5, "failing")])
async def test_an_endpoint_gone_or_failing_for_five_days_is_disabled_and_administrators_are_notified(
    hooks: Hooks, logs: Logs, answer: int, days: int, reason: str
) -> None:
    admin = uuid4()
    for user_id, roles, active in ((admin, ["admin"], True), (uuid4(), ["admin"], False), (uuid4(), ["support"], True)):
        hooks.outbox.sql(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash, roles, is_active)"
            " VALUES (%s, %s, %s, %s, %s, '!', %s, %s)",
            *(user_id, *[f"{user_id}@example.com"] * 2, *[str(user_id)] * 2, roles, active),
        )
    receiver = Receiver(answer_of(500), answer_of(answer))
    async with receiving(receiver) as port:
        made = await hooks.endpoint(port)
        await hooks.record_events(*(uuid4() for _ in range(3)))
        await hooks.delivery(concurrency=1).deliver_due()
        if days:
            hooks.clock.advance(timedelta(days=days))
            hooks.outbox.make_due()
            await hooks.delivery(concurrency=1).deliver_due()
    stored = hooks.stored(made.endpoint.id)
    assert (stored["disabled_at"], stored["disabled_reason"]) == (hooks.clock.now(), reason)
    (mail,) = hooks.rows()
    assert (mail["channel"], mail["kind"]) == ("mail", "webhook_disabled")
    opened = hooks.sealer.open(mail["payload"], context=sealing_context(mail["message_id"]))
    request = MailRequest.from_bytes(opened)
    assert (request.kind, request.user_id) == (MailKind.WEBHOOK_DISABLED, admin)
    assert dict(request.facts)["host"] == "127.0.0.1"
    assert len(events(logs, "webhook.disabled")) == 1
    (entry,) = hooks.outbox.sql("SELECT data FROM audit_events WHERE type = 'webhook.disabled'")
    assert entry["data"] == {"webhook_id": str(made.endpoint.id), "reason": reason}


async def test_claimed_messages_of_a_disabled_endpoint_are_dropped(hooks: Hooks) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        await hooks.endpoint(port)
        await hooks.record_events(uuid4())
        hooks.outbox.sql("UPDATE webhook_endpoints SET disabled_at = now()")
        await hooks.delivery().deliver_due()
    assert (receiver.got, hooks.rows()) == ([], [])


async def test_a_stalled_endpoint_delays_no_other(hooks: Hooks) -> None:
    stalling, quick = Receiver(), Receiver()
    stalling.hold = asyncio.Event()
    async with receiving(stalling) as slow_port, receiving(quick) as quick_port:
        await hooks.endpoint(slow_port, "user.activated")
        await hooks.record_events(uuid4(), uuid4())
        await hooks.endpoint(quick_port, "user.activated")
        await hooks.record_events(*(uuid4() for _ in range(6)))
        running = asyncio.create_task(hooks.delivery(concurrency=16).deliver_due())
        await eventually(lambda: len(quick.got) == 6)
        assert not running.done()
        stalling.hold.set()
        await running
    assert hooks.rows() == []


KILLED = """
import asyncio, sys
from doorward.domain.outbox.models import WEBHOOK_CHANNEL
from tests.integration.outbox.messages import Outbox, shorter_lease

class Stuck:
    async def deliver(self, message):
        print(message.message_id, flush=True)
        await asyncio.sleep(600)

async def deliver():
    outbox = Outbox(sys.argv[1])
    from doorward.domain.outbox.delivery import Delivery
    from tests.integration.service import FakeClock
    await Delivery(
        database=outbox.database, clock=FakeClock(), handlers={WEBHOOK_CHANNEL: Stuck()}, times=shorter_lease(2)
    ).deliver_due()

asyncio.run(deliver())
"""


def worker_of(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE)


async def test_a_killed_worker_loses_no_message_and_the_order_is_kept(hooks: Hooks) -> None:
    user_id = uuid4()
    receiver = Receiver()
    async with receiving(receiver) as port:
        await hooks.endpoint(port)
        await hooks.record_events(user_id, user_id, user_id)
        sequences = [each["sequence"] for each in hooks.payloads()]
        worker = worker_of(hooks.outbox.url)
        try:
            assert worker.stdout is not None
            await asyncio.to_thread(worker.stdout.readline)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.communicate()
        await hooks.delivery().deliver_due()
        hooks.outbox.sql(
            "SELECT pg_sleep(greatest(0, extract(epoch FROM min(due_at) - clock_timestamp()))) FROM outbox"
        )
        await hooks.delivery().deliver_due()
    assert [json.loads(each.body)["sequence"] for each in receiver.got] == sequences
