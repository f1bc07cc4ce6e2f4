"""Record an event: store the audit row and the messages to receivers in the transaction of the change."""

import asyncio
from collections.abc import Iterable
from typing import Final

from doorward.core.events import AuditedEvent
from doorward.domain.audit import repository
from doorward.domain.audit.models import NewEntry
from doorward.observability.request_context import ACTOR, CLIENT, CORRELATION_ID, USER_ID, request_facts

EVENTS_OF_A_TURN: Final = 50
"""Number of events that are stored before the event loop may run other tasks."""


async def record(connection: repository.Connection, event: AuditedEvent, *, address: str | None = None) -> None:
    """Store the event, and messages for its receivers, in the caller's transaction.

    Call this after the user's row was locked or changed, so that the events about one user are numbered in the order of
    their commits, and ``report`` the event after the transaction. The actor and the correlation id are taken from the
    request's context. ``address`` is the part of the client's address that may be recorded. It is personal data, and
    stored separately from the event's facts.
    """
    context = request_facts()
    entry = NewEntry(
        type=event.type,
        version=event.version,
        user_id=event.user_id,
        actor=context.get(ACTOR) or context.get(USER_ID),
        session_id=event.session_id,
        correlation_id=context.get(CORRELATION_ID),
        data=event.data(),
        personal=None if address is None else {CLIENT: address},
    )
    await repository.add_entry(connection, entry)


async def record_all(connection: repository.Connection, events: Iterable[AuditedEvent]) -> None:
    """Store many events as ``record`` does, in a pipeline. The event loop runs other tasks at intervals."""
    async with connection.pipeline():
        for number, event in enumerate(events, start=1):
            await record(connection, event)
            if number % EVENTS_OF_A_TURN == 0:
                await asyncio.sleep(0)
