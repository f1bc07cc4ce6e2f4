"""A message to deliver. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be stored.

    ``endpoint`` is the receiver, where its channel has several. Messages of one endpoint and ``stream`` are delivered
    in their order; without a stream a message waits for no other. Past ``expires_at`` it is not delivered any more.
    """

    channel: str
    payload: bytes
    endpoint: UUID | None = None
    stream: UUID | None = None
    expires_at: datetime | None = None
