"""Deliver the messages of the channel ``webhook``: sign, send, and record the endpoint's failures."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.outbox.models import Delivered, Dropped, Message, Outcome, Postponed, Refused, TryAgain
from doorward.domain.webhooks import health
from doorward.domain.webhooks.disabling import EndpointDisabling
from doorward.domain.webhooks.models import Answered, DeliveryTarget, NoAnswer, sealing_context
from doorward.domain.webhooks.ports import WebhookSender
from doorward.domain.webhooks.repositories import Connection
from doorward.domain.webhooks.repositories import health as health_repository
from doorward.domain.webhooks.signature import signed_headers

UNREADABLE: Final = "unreadable"
USER_AGENT: Final = "doorward-webhooks"
MAXIMUM_FAULTS: Final = 1000


class WebhookDelivery:
    """The handler of the channel ``webhook``."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        sealer: Sealer,
        sender: WebhookSender,
        disabling: EndpointDisabling,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._sender = sender
        self._disabling = disabling

    async def deliver(self, message: Message) -> Outcome:
        """Send one message, unless its endpoint is removed, disabled or paused.

        Raises ``ServiceUnavailableError``; the message is then sent again after its lease.
        """
        target = await self._target_of(message)
        if target is None or not target.is_enabled:
            return Dropped("nothing_to_send")
        is_probe = target.faults >= health.FAULTS_IN_A_ROW
        if target.is_paused or (is_probe and not await self._may_probe(target)):
            return Postponed(health.PROBE)
        try:
            secrets = open_secrets(self._sealer, target)
        except SealedDataError:
            return Refused(UNREADABLE, is_kept=True, is_answer=False)
        result = await send_signed(self._sender, self._clock, target.url, secrets, message)
        if health.is_accepted(result):
            await self._note_success(target)
            return Delivered()
        return await self._note_failure(message, target, result, is_probe=is_probe)

    async def _target_of(self, message: Message) -> DeliveryTarget | None:
        if message.endpoint is None:
            return None
        async with self._database.connection() as connection:
            return await health_repository.find_target(connection, message.endpoint, now=self._clock.now())

    async def _may_probe(self, target: DeliveryTarget) -> bool:
        async with self._database.connection() as connection:
            return await health_repository.claim_probe(connection, target.id, duration=health.PROBE)

    async def _note_success(self, target: DeliveryTarget) -> None:
        if target.failing_since is None and not target.faults and not target.is_paused:
            return
        async with self._database.connection() as connection:
            await health_repository.remove_failures(connection, target.id)

    async def _note_failure(
        self, message: Message, target: DeliveryTarget, result: Answered | NoAnswer, *, is_probe: bool
    ) -> Outcome:
        """Count the failure, and disable the endpoint if it has failed for long enough."""
        now, event = self._clock.now(), None
        async with self._database.transaction() as connection:
            current = await health_repository.lock_target(connection, target.id, now=now)
            if current is None or not current.is_enabled:
                return Dropped("nothing_to_send")
            failing_since = current.failing_since or now
            faults, pause = failures_after(current, result, is_probe=is_probe)
            if is_probe or pause is not None or not current.is_paused:
                await health_repository.update_failures(
                    connection, target.id, failing_since=failing_since, faults=faults, pause=pause
                )
            reason = health.reason_to_disable(result, failing_since=failing_since, now=now)
            if reason is not None:
                event = await self._disabling.disable(connection, current, reason)
        if event is not None:
            await self._disabling.finish(event)
            return Dropped("nothing_to_send")
        delay = health.delay_after(message.attempts, result)
        return Refused(result.reason, is_kept=True) if delay is None else TryAgain(result.reason, delay=delay)


def failures_after(
    target: DeliveryTarget, result: Answered | NoAnswer, *, is_probe: bool
) -> tuple[int, timedelta | None]:
    """Return the number of consecutive calls without an answer, and for how long the endpoint is paused.

    A call that was in progress when the pause began is not counted. Any answer resets the number.
    """
    if isinstance(result, Answered):
        return 0, health.retry_after(result)
    if target.is_paused and not is_probe:
        return target.faults, None
    faults = min(target.faults + 1, MAXIMUM_FAULTS)
    return faults, health.pause_after(faults)


def open_secrets(sealer: Sealer, target: DeliveryTarget) -> list[bytes]:
    """Return the signing secrets, the current one first.

    A previous secret that no key decrypts is left out, so that a rotation replaces an unreadable secret at once.
    Raises ``SealedDataError`` for the current one.
    """
    context = sealing_context(target.id)
    secrets = [sealer.open(target.secret, context=context)]
    if target.previous_secret is not None:
        with suppress(SealedDataError):
            secrets.append(sealer.open(target.previous_secret, context=context))
    return secrets


async def send_signed(
    sender: WebhookSender, clock: Clock, url: str, secrets: Sequence[bytes], message: Message
) -> Answered | NoAnswer:
    """Sign and send one message; return the result."""
    signatures = signed_headers(secrets, message_id=message.message_id, sent_at=clock.now(), body=message.payload)
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **signatures}
    return await sender.send(url, headers, message.payload)
