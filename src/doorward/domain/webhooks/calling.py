"""Use cases of administrators: send a test message to an endpoint, and replay past events."""

import json
import time
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.audit.models import Replay
from doorward.domain.audit.replay import AuditReplay
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.outbox.models import WEBHOOK_CHANNEL, Message
from doorward.domain.webhooks.delivery import UNREADABLE, open_secrets, send_signed
from doorward.domain.webhooks.exceptions import (
    InvalidReplayRangeError,
    ReplayTooLargeError,
    WebhookDisabledError,
    WebhookNotFoundError,
)
from doorward.domain.webhooks.health import is_accepted
from doorward.domain.webhooks.models import Answered, CallResult
from doorward.domain.webhooks.policy import MAXIMUM_REPLAY
from doorward.domain.webhooks.ports import WebhookSender
from doorward.domain.webhooks.repositories import Connection, endpoints
from doorward.domain.webhooks.repositories.health import find_target

TEST_TYPE: Final = "webhook.test"


class WebhookTest:
    """Sends a message of the type ``webhook.test`` at once, even to a disabled endpoint."""

    def __init__(self, *, database: Database[Connection], clock: Clock, sealer: Sealer, sender: WebhookSender) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._sender = sender

    async def send(self, endpoint_id: UUID) -> CallResult:
        """Send the message; return the result. The endpoint does not change. Raises ``WebhookNotFoundError``."""
        async with self._database.connection() as connection:
            target = await find_target(connection, endpoint_id, now=self._clock.now())
        if target is None:
            raise WebhookNotFoundError
        try:
            secrets = open_secrets(self._sealer, target)
        except SealedDataError:
            return CallResult(is_delivered=False, status=None, reason=UNREADABLE, seconds=0)
        began = time.monotonic()
        result = await send_signed(self._sender, self._clock, target.url, secrets, self._message(endpoint_id))
        is_delivered = is_accepted(result)
        return CallResult(
            is_delivered=is_delivered,
            status=result.status if isinstance(result, Answered) else None,
            reason=None if is_delivered else result.reason,
            seconds=round(time.monotonic() - began, 3),
        )

    def _message(self, endpoint_id: UUID) -> Message:
        message_id, now = uuid4(), self._clock.now()
        payload = {
            "id": str(message_id),
            "type": TEST_TYPE,
            "timestamp": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
            "version": 1,
            "sequence": None,
            "correlation_id": None,
            "data": {"webhook_id": str(endpoint_id)},
        }
        return Message(
            id=0,
            message_id=message_id,
            channel=WEBHOOK_CHANNEL,
            kind=TEST_TYPE,
            payload=json.dumps(payload).encode(),
            endpoint=endpoint_id,
            created_at=now,
            expires_at=None,
            attempts=1,
        )


class WebhookReplay:
    """Sends the events of a period to an endpoint again."""

    def __init__(self, *, database: Database[Connection], clock: Clock, replay: AuditReplay) -> None:
        self._database = database
        self._clock = clock
        self._replay = replay

    async def run(self, actor: Actor, endpoint_id: UUID, *, since: datetime, until: datetime) -> int:
        """Store messages of past events of the endpoint's types; return their number.

        ``since`` is inclusive, ``until`` is exclusive. Raises ``InvalidReplayRangeError``, ``WebhookNotFoundError``,
        ``WebhookDisabledError``, ``ReplayTooLargeError``, and for each batch the errors of ``lock_actor``.
        """
        if since >= until:
            raise InvalidReplayRangeError
        async with self._database.connection() as connection:
            endpoint = await endpoints.find_endpoint(connection, endpoint_id)
        if endpoint is None:
            raise WebhookNotFoundError
        if not endpoint.is_enabled:
            raise WebhookDisabledError
        replay = Replay(endpoint=endpoint_id, types=endpoint.types, since=since, until=until)
        if await self._replay.count(replay, limit=MAXIMUM_REPLAY + 1) > MAXIMUM_REPLAY:
            raise ReplayTooLargeError
        return await self._replay.replay(replay, lambda connection: self._admit(connection, actor))

    async def _admit(self, connection: Connection, actor: Actor) -> None:
        await lock_actor(connection, actor, AdminScope.WEBHOOKS_WRITE, now=self._clock.now())
