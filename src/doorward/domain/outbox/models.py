"""A message to deliver. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be stored.

    ``message_id`` is chosen before, so that the payload can be sealed for this row; receivers may know a message by it.
    ``endpoint`` is the receiver, where its channel has several. Messages of one endpoint and ``stream`` are delivered
    in their order; without a stream a message waits for no other. Past ``expires_at`` it is not delivered any more.
    """

    message_id: UUID
    channel: str
    kind: str
    payload: bytes
    endpoint: UUID | None = None
    stream: UUID | None = None
    expires_at: datetime | None = None


def sealing_context(message_id: UUID) -> bytes:
    """Return the associated data of a sealed payload: it opens in the row that it was sealed for, and in no other."""
    return b"outbox " + message_id.bytes
