"""Messages and handlers for the tests of delivery."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from doorward.domain.outbox import repository
from doorward.domain.outbox.delivery import Delivery, DeliveryTimes
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import Delivered, Message, NewMessage, Outcome
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.audit.trail import PlainDatabase
from tests.integration.service import FakeClock

CHANNEL = "test"
SHORT = DeliveryTimes(poll_seconds=0.05, notice_seconds=0.01, lease=timedelta(seconds=120))


class Receiver:
    """A handler that returns its outcomes in turn, repeating the last one, and stores the messages."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes) or [Delivered()]
        self.got: list[Message] = []

    async def deliver(self, message: Message) -> Outcome:
        self.got.append(message)
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


class Outbox:
    """The outbox table of one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = PlainDatabase(url)

    def delivery(self, handler: Any, *, clock: FakeClock | None = None, **options: Any) -> Delivery:
        times = options.pop("times", SHORT)
        return Delivery(
            database=options.pop("database", self.database),
            clock=clock or FakeClock(),
            handlers={CHANNEL: handler},
            times=times,
            **options,
        )

    async def add(
        self,
        *,
        expires_at: datetime | None = None,
        endpoint: UUID | None = None,
        stream: UUID | None = None,
        channel: str = CHANNEL,
    ) -> UUID:
        message = NewMessage(uuid4(), channel, "kind", b"payload", endpoint, stream, expires_at)
        async with self.database.transaction() as connection:
            await repository.add_message(connection, message)
        return message.message_id

    def sql(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def rows(self) -> list[dict[str, Any]]:
        return self.sql(
            "SELECT *, extract(epoch FROM due_at - clock_timestamp())::float8 AS wait FROM outbox ORDER BY id"
        )

    def make_due(self) -> None:
        self.sql("UPDATE outbox SET due_at = clock_timestamp() - interval '1 second'")


async def eventually(condition: Callable[[], bool], *, bound_seconds: float = 60) -> None:
    async with asyncio.timeout(bound_seconds):
        while not condition():  # noqa: ASYNC110 - another task or process is polled
            await asyncio.sleep(0.01)


def shorter_lease(seconds: float) -> DeliveryTimes:
    return replace(SHORT, lease=timedelta(seconds=seconds))


async def add_mails(outbox: Outbox, key: bytes, *, mails: int = 1) -> None:
    """Add requests for mails, encrypted with this key."""
    queue = MailQueue(AesGcmSealer([key]))
    for _ in range(mails):
        request = MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user_id=uuid4())
        async with outbox.database.transaction() as connection:
            await queue.add(connection, request, expires_at=FakeClock().now() + timedelta(days=1))
