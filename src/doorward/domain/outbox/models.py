"""A message to deliver, and what may come of it. No I/O."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from doorward.core.frozen import frozen

WEBHOOK_CHANNEL: Final = "webhook"
RABBITMQ_CHANNEL: Final = "rabbitmq"
LOGOUT_CHANNEL: Final = "logout"


@frozen
class NewMessage:
    """A message about to be stored.

    ``message_id`` is chosen before, so that the payload can be sealed for this row; receivers may know a message by it.
    ``endpoint`` is the receiver, where its channel has several. Messages of one endpoint and ``stream`` are delivered
    in their order; without a stream a message waits for no other. It replaces those of its ``topic`` that still wait.
    Past ``expires_at`` it is not delivered any more.
    """

    message_id: UUID
    channel: str
    kind: str
    payload: bytes
    endpoint: UUID | None = None
    stream: UUID | None = None
    expires_at: datetime | None = None
    topic: bytes | None = None


def sealing_context(message_id: UUID) -> bytes:
    """Return the associated data of a sealed payload: it opens in the row that it was sealed for, and in no other."""
    return b"outbox " + message_id.bytes


@frozen
class Message:
    """A stored message that this process has claimed. ``attempts`` counts the one under way."""

    id: int
    message_id: UUID
    channel: str
    kind: str
    payload: bytes
    endpoint: UUID | None
    created_at: datetime
    expires_at: datetime | None
    attempts: int


@frozen
class RelayedMessage:
    """A stored message of the broker. ``kind`` is the type of its event, ``stream`` the user whom it is about."""

    id: int
    message_id: UUID
    kind: str
    stream: UUID | None
    payload: bytes


@frozen
class StoredPayload:
    """The sealed payload of a message that waits."""

    id: int
    message_id: UUID
    payload: bytes


@frozen
class Delivered:
    """The receiver has taken the message."""


@frozen
class Dropped:
    """The message is not to be delivered: there is nothing to tell, or too much was asked for."""

    reason: Literal["nothing_to_send", "over_budget"]


@frozen
class Postponed:
    """The message is to be delivered later. No attempt is counted."""

    delay: timedelta


@frozen
class TryAgain:
    """The receiver did not take the message this time. ``is_fault`` when it did not answer as it should.

    Without a ``delay`` the schedule of mail says when the message is tried again.
    """

    reason: str
    is_fault: bool = False
    delay: timedelta | None = None


@frozen
class Outage:
    """The receiver could not be reached, whatever the message. No attempt is counted."""

    reason: str


@frozen
class Refused:
    """The message is not tried again. ``is_unknown_mailbox`` when there is no such address.

    The payload is erased unless ``is_kept``: then an operator can have the message tried again.
    """

    reason: str
    is_unknown_mailbox: bool = False
    is_kept: bool = False


Outcome = Delivered | Dropped | Postponed | TryAgain | Outage | Refused
"""What came of one attempt. A reason is a word of the code or a status of a protocol: no address, no text of others."""


@frozen
class OutboxLoad:
    """Numbers of the outbox: messages that are due, seconds since the oldest of them became due, dead letters."""

    due: int
    oldest_seconds: float
    dead: int
