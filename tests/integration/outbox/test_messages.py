"""A message is stored in the transaction of its change, and is due at once."""

from uuid import uuid4

import psycopg

from doorward.domain.outbox import repository
from doorward.domain.outbox.models import NewMessage
from tests.integration.audit.trail import PlainDatabase

MESSAGE = NewMessage(
    message_id=uuid4(),
    channel="webhook",
    kind="user.registered",
    payload=b'{"type": "user.registered"}',
    endpoint=uuid4(),
    stream=uuid4(),
)


def due(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT channel, payload, endpoint, stream, attempts FROM outbox "
            "WHERE due_at <= clock_timestamp() AND dead_reason IS NULL"
        ).fetchall()


async def test_a_stored_message_is_due_at_once(own_database: str) -> None:
    async with PlainDatabase(own_database).transaction() as connection:
        await repository.add_message(connection, MESSAGE)
        assert due(own_database) == []
    assert due(own_database) == [("webhook", MESSAGE.payload, MESSAGE.endpoint, MESSAGE.stream, 0)]


async def test_a_change_that_is_rolled_back_sends_no_message(own_database: str) -> None:
    async with PlainDatabase(own_database).transaction() as connection:
        await repository.add_message(connection, MESSAGE)
        raise psycopg.Rollback
    assert due(own_database) == []
