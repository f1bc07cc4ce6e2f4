"""The events of signing keys. None has more of a key than its public id."""

from doorward.core.events import AuditedEvent, Event
from doorward.core.frozen import frozen
from doorward.domain.keys.models import KeyId, KeyState, SigningAlgorithm


@frozen(slots=False)
class KeyPublished(AuditedEvent):
    """The key `kid` is in the list that other services read. It may sign later."""

    type = log_event = "key.published"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class KeyActivated(AuditedEvent):
    """The key `kid` signs."""

    type = log_event = "key.activated"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class KeyRetired(AuditedEvent):
    """The key `kid` signs no more. It stays in the list until its last token has expired."""

    type = log_event = "key.retired"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class KeyRevoked(AuditedEvent):
    """The key `kid` was destroyed, and all its tokens are refused."""

    type = log_event = "key.revoked"
    level = "warning"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class SigningKeyMissing(Event):
    """A key was revoked where other keys cannot be opened, so none was added, and of `algorithm` one is `missing`.

    `standby`: the next revocation will have no successor. `signing`: no token of the algorithm can be signed. A copy
    that can open all keys adds it, in its background task or at its next change of the keys.
    """

    log_event = "keys.incomplete"
    level = "warning"
    outcome = "failure"
    algorithm: SigningAlgorithm
    missing: KeyState


@frozen(slots=False)
class SigningKeyUnreadable(Event):
    """The stored key `kid` opens with none of this copy's sealing keys, and the copy goes on without the change."""

    log_event = "keys.unreadable"
    level = "error"
    outcome = "failure"
    kid: str


@frozen(slots=False)
class FirstKeysAwaited(Event):
    """This start has waited for the first keys for some seconds: another copy holds the lock of what makes them.

    If no copy makes any, the one that holds the lock hangs: end it.
    """

    log_event = "keys.awaited"
    level = "warning"
    outcome = "failure"


@frozen(slots=False)
class KeyRingNotRead(Event):
    """The keys could not be read again, and those that were read last are used."""

    log_event = "keys.not_read"
    level = "warning"
    outcome = "failure"


@frozen(slots=False)
class KeyRingCrashed(Event):
    """The keys were not read again because of a defect, and those that were read last are used."""

    log_event = "keys.crashed"
    level = "error"
    outcome = "failure"


@frozen(slots=False)
class KeyRingChanged(Event):
    """This process uses another set of keys from now on, `count` of them."""

    log_event = "keys.changed"
    count: int
