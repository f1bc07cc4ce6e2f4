"""The events of delivery. None names a receiver: no address, no content."""

from typing import Final
from uuid import UUID

from doorward.core.events import Counter, Event
from doorward.core.frozen import frozen

_OUTCOMES: Final = Counter("doorward_outbox_outcomes_total", "Messages tried, by what came of it", "outcome")


@frozen(slots=False)
class MessageDelivered(Event):
    """A message of a `channel` was delivered, `seconds` after it was stored; `attempts` counts the tries."""

    log_event = "outbox.delivered"
    counted = ((_OUTCOMES, "delivered"),)
    channel: str
    kind: str
    message_id: UUID
    attempts: int
    seconds: float


@frozen(slots=False)
class MessageDropped(Event):
    """A message was not to be delivered: `nothing_to_send` (as for an address of no account), or `over_budget`."""

    log_event = "outbox.dropped"
    counted = ((_OUTCOMES, "dropped"),)
    channel: str
    kind: str
    message_id: UUID
    reason: str


@frozen(slots=False)
class MessageSuppressed(Event):
    """A stranger asked for more mail to one address than its budget allows. It was not sent."""

    log_event = "outbox.suppressed"
    counted = ((_OUTCOMES, "suppressed"),)
    channel: str
    kind: str
    message_id: UUID


@frozen(slots=False)
class MessagePostponed(Event):
    """A message waits for `seconds`, since its receiver has had enough of its kind."""

    log_event = "outbox.postponed"
    counted = ((_OUTCOMES, "postponed"),)
    channel: str
    kind: str
    message_id: UUID
    seconds: float


@frozen(slots=False)
class MessageRetried(Event):
    """A message was not taken, and is tried again in `seconds`. `reason` is a status, or the class of a fault."""

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
    """A message will not be delivered: its receiver refused it, or it expired. Its payload is erased."""

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
    """A defect in delivering a message, which is tried again; the traceback is in `exception`. Report it."""

    log_event = "outbox.crashed"
    level = "error"
    channel: str
    kind: str
    message_id: UUID


@frozen(slots=False)
class DeliveryStalled(Event):
    """The outbox could not be read or written: PostgreSQL did not answer. It is tried again every second."""

    log_event = "outbox.stalled"
    level = "warning"


@frozen(slots=False)
class DeliveryCrashed(Event):
    """A defect in the delivery; the traceback is in `exception`. It goes on. Report it."""

    log_event = "outbox.delivery_crashed"
    level = "error"


@frozen(slots=False)
class DeliveryCircuitOpened(Event):
    """The receiver of a `channel` did not answer, the last time for `reason`. It is tried again in `seconds`."""

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
    """This process publishes events to the broker from now on; the others wait for their turn."""

    log_event = "outbox.relay.started"


@frozen(slots=False)
class RelayFailed(Event):
    """The broker did not take messages, for `reason`. They are published again after `seconds`."""

    log_event = "outbox.relay.failed"
    level = "warning"
    reason: str
    seconds: float


@frozen(slots=False)
class MessagesRelayed(Event):
    """The broker confirmed `count` messages, which are removed."""

    log_event = "outbox.relayed"
    channel: str
    count: int


@frozen(slots=False)
class PayloadsResealed(Event):
    """An operator had `count` payloads sealed under the present key. `unreadable` is how many no key opens."""

    log_event = "outbox.resealed"
    outcome = "success"
    count: int
    unreadable: int
