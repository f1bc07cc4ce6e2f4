"""Secrets of webhooks that no key decrypts: messages are kept, and a rotation is the remedy."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest

from doorward.core.versions import any_version
from doorward.domain.administration.models import OPERATOR
from doorward.domain.webhooks.resealing import WebhookResealing
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.service import FakeClock
from tests.integration.webhook_receiver import Receiver, receiving
from tests.integration.webhooks.endpoints import Hooks, is_signed_by


@pytest.fixture
def hooks(own_database: str, clock: FakeClock) -> Hooks:
    return Hooks(own_database, clock)


async def test_a_secret_that_no_key_decrypts_keeps_its_messages_unsent(hooks: Hooks) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        await hooks.endpoint(port)
        await hooks.record_events(uuid4())
        hooks.outbox.sql("UPDATE webhook_endpoints SET secret = '\\x01'")
        await hooks.delivery().deliver_due()
    (dead,) = hooks.rows()
    assert (receiver.got, dead["dead_reason"], bytes(dead["payload"]) != b"") == ([], "unreadable", True)


async def test_a_rotation_replaces_a_secret_that_no_key_decrypts_at_once(hooks: Hooks) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        made = await hooks.endpoint(port)
        hooks.outbox.sql("UPDATE webhook_endpoints SET secret = '\\x01'")
        assert (await hooks.test.send(made.endpoint.id)).reason == "unreadable"
        new = await hooks.webhooks.rotate_secret(OPERATOR, made.endpoint.id, any_version)
        assert (await hooks.test.send(made.endpoint.id)).is_delivered
        await hooks.delivery().deliver_due()
    assert [is_signed_by(new.secret, got) for got in receiver.got] == [True, True]
    assert hooks.rows() == []


async def test_rewrap_counts_an_unreadable_previous_secret_only_until_it_expires(hooks: Hooks) -> None:
    async with receiving(Receiver()) as port:
        made = await hooks.endpoint(port)
    hooks.outbox.sql("UPDATE webhook_endpoints SET secret = '\\x01'")
    await hooks.webhooks.rotate_secret(OPERATOR, made.endpoint.id, any_version)
    resealing = WebhookResealing(database=hooks.database, clock=hooks.clock, sealer=hooks.sealer)
    assert await resealing.reseal() == (0, 1)
    hooks.clock.advance(timedelta(hours=24))
    assert await resealing.reseal() == (0, 0)


async def test_rewrap_removes_an_expired_previous_secret(hooks: Hooks) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        made = await hooks.endpoint(port)
        new = await hooks.webhooks.rotate_secret(OPERATOR, made.endpoint.id, any_version)
        hooks.clock.advance(timedelta(hours=24))
        hooks.sealer = AesGcmSealer([secrets.token_bytes(32), hooks.key])
        resealing = WebhookResealing(database=hooks.database, clock=hooks.clock, sealer=hooks.sealer)
        assert await resealing.reseal() == (1, 0)
        assert hooks.stored(made.endpoint.id)["previous_secret"] is None
        await hooks.delivery().deliver_due()
    assert is_signed_by(new.secret, receiver.got[0])
