"""Messages to deliver, and the outcomes of a delivery. No I/O."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from doorward.core.frozen import frozen

WEBHOOK_CHANNEL: Final = "webhook"
RABBITMQ_CHANNEL: Final = "rabbitmq"
LOGOUT_CHANNEL: Final = "logout"


@frozen
class NewMessage:
    """A message to be stored.

    ``message_id`` is chosen in advance, so that the payload can be encrypted for this row; receivers may use it to
    detect duplicates. ``endpoint`` is the receiver, if the channel has several. Messages of one endpoint and ``stream``
    are delivered in order; without a stream, a message waits for no other. The message replaces undelivered ones of the
    same ``topic``. After ``expires_at`` it is no longer delivered.
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
    """Return the associated data of an encrypted payload, which can only be decrypted in the row it was made for."""
    return b"outbox " + message_id.bytes


@frozen
class Message:
    """A stored message that this process has claimed. ``attempts`` includes the current one."""

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
    """A stored message for the broker. ``kind`` is the type of its event, ``stream`` the user whom it concerns."""

    id: int
    message_id: UUID
    kind: str
    stream: UUID | None
    payload: bytes


@frozen
class StoredPayload:
    """The encrypted payload of an undelivered message."""

    id: int
    message_id: UUID
    payload: bytes


@frozen
class Delivered:
    """The receiver has accepted the message."""


@frozen
class Dropped:
    """The message must not be delivered: there is nothing to send, or the budget is spent."""

    reason: Literal["nothing_to_send", "over_budget"]


@frozen
class Postponed:
    """The message must be delivered later. The attempt is not counted."""

    delay: timedelta


@frozen
class TryAgain:
    """The receiver did not accept the message this time. ``is_fault`` is set if it did not answer as specified.

    ``is_answer`` is false if it is not known to have answered. Without a ``delay``, the message is retried on the
    schedule of mail.
    """

    reason: str
    is_fault: bool = False
    delay: timedelta | None = None
    is_answer: bool = True


@frozen
class Outage:
    """The receiver could not be reached, independent of the message. The attempt is not counted."""

    reason: str


@frozen
class Refused:
    """The message is not retried. ``is_unknown_mailbox`` is set if the address does not exist.

    The payload is erased unless ``is_kept``, which lets an operator retry the message. ``is_answer`` is false if the
    message was not sent.
    """

    reason: str
    is_unknown_mailbox: bool = False
    is_kept: bool = False
    is_answer: bool = True


Outcome = Delivered | Dropped | Postponed | TryAgain | Outage | Refused
"""The outcome of one attempt. A reason is a word from the code or a protocol status, never an address or other text."""


@frozen
class OutboxLoad:
    """The load of the outbox: due messages, seconds since the oldest of them became due, dead letters."""

    due: int
    oldest_seconds: float
    dead: int
