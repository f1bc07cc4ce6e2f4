"""The events of delivery. They contain no address of a receiver and no content."""

from typing import Final
from uuid import UUID

from doorward.core.events import Counter, Event
from doorward.core.frozen import frozen

_OUTCOMES: Final = Counter("doorward_outbox_outcomes_total", "Messages tried, by what came of it", "outcome")


@frozen(slots=False)
class MessageDelivered(Event):
    """A message of a `channel` was delivered, `seconds` after it was stored, with this number of `attempts`."""

    log_event = "outbox.delivered"
    counted = ((_OUTCOMES, "delivered"),)
    channel: str
    kind: str
    message_id: UUID
    attempts: int
    seconds: float


@frozen(slots=False)
class MessageDropped(Event):
    """A message was dropped. `reason` is `nothing_to_send` (such as for an address without an account)."""

    log_event = "outbox.dropped"
    counted = ((_OUTCOMES, "dropped"),)
    channel: str
    kind: str
    message_id: UUID
    reason: str


@frozen(slots=False)
class MessageSuppressed(Event):
    """A mail was not sent, because the budget for requests by strangers to its address is spent."""

    log_event = "outbox.suppressed"
    counted = ((_OUTCOMES, "suppressed"),)
    channel: str
    kind: str
    message_id: UUID


@frozen(slots=False)
class MessagePostponed(Event):
    """A message is delayed by `seconds`: its receiver's budget for its kind is spent, or its endpoint is paused."""

    log_event = "outbox.postponed"
    counted = ((_OUTCOMES, "postponed"),)
    channel: str
    kind: str
    message_id: UUID
    seconds: float


@frozen(slots=False)
class MessageRetried(Event):
    """A message was not accepted, and is retried in `seconds`. `reason` is a status, or the class of an error."""

    log_event = "outbox.retried"
    level = "warning"
    counted = ((_OUTCOMES, "retried"),)
    channel: str
    kind: str
    message_id: UUID
    attempts: int
    reason: str
    seconds: float


@frozen(slots=False)
class MessageDied(Event):
    """A message is a dead letter: its receiver refused it, its retries are used up, or it expired.

    Its payload is erased, unless an operator can retry it.
    """

    log_event = "outbox.dead"
    level = "warning"
    counted = ((_OUTCOMES, "dead"),)
    channel: str
    kind: str
    message_id: UUID
    attempts: int
    reason: str


@frozen(slots=False)
class MessageCrashed(Event):
    """A delivery failed because of a bug, and is retried; the traceback is in `exception`. Report it."""

    log_event = "outbox.crashed"
    level = "error"
    channel: str
    kind: str
    message_id: UUID


@frozen(slots=False)
class DeliveryStalled(Event):
    """The outbox could not be read or written, because PostgreSQL did not answer. It is retried every second."""

    log_event = "outbox.stalled"
    level = "warning"


@frozen(slots=False)
class DeliveryCrashed(Event):
    """A round of deliveries failed because of a bug; the traceback is in `exception`. Delivery continues. Report it."""

    log_event = "outbox.delivery_crashed"
    level = "error"


@frozen(slots=False)
class DeliveryCircuitOpened(Event):
    """The receiver of a `channel` did not answer, most recently for `reason`. It is tried again in `seconds`."""

    log_event = "outbox.circuit.opened"
    level = "warning"
    channel: str
    reason: str
    seconds: float


@frozen(slots=False)
class DeliveryCircuitClosed(Event):
    """The receiver of a `channel` answered again."""

    log_event = "outbox.circuit.closed"
    channel: str


@frozen(slots=False)
class RelayStarted(Event):
    """This process publishes events to the broker from now on; other processes wait for its lock."""

    log_event = "outbox.relay.started"


@frozen(slots=False)
class RelayFailed(Event):
    """The broker did not confirm messages, for `reason`. They are published again after `seconds`."""

    log_event = "outbox.relay.failed"
    level = "warning"
    reason: str
    seconds: float


@frozen(slots=False)
class MessagesRelayed(Event):
    """The broker confirmed `count` messages, which were removed."""

    log_event = "outbox.relayed"
    channel: str
    count: int


@frozen(slots=False)
class PayloadsResealed(Event):
    """An operator had `count` payloads encrypted under the current key. `unreadable` counts those no key decrypts."""

    log_event = "outbox.resealed"
    outcome = "success"
    count: int
    unreadable: int
