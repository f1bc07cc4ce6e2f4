"""The events of signing keys. They contain only the public id of a key."""

from doorward.core.events import AuditedEvent, Event
from doorward.core.frozen import frozen
from doorward.domain.keys.models import KeyId, KeyState, SigningAlgorithm


@frozen(slots=False)
class KeyPublished(AuditedEvent):
    """The key `kid` was added to the published key set. It may sign later."""

    type = log_event = "key.published"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class KeyActivated(AuditedEvent):
    """The key `kid` has begun to sign."""

    type = log_event = "key.activated"
    outcome = "success"
    kid: KeyId
    algorithm: SigningAlgorithm


@frozen(slots=False)
class KeyRetired(AuditedEvent):
    """The key `kid` no longer signs. It stays published until its last token has expired."""

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
    """A key was revoked while other keys could not be opened: no key was added, and `algorithm` has no `missing` key.

    `standby`: the next revocation will have no successor. `signing`: no token of the algorithm can be signed. An
    instance that can open all keys adds the missing one, in its background task or with its next change of the keys.
    """

    log_event = "keys.incomplete"
    level = "warning"
    outcome = "failure"
    algorithm: SigningAlgorithm
    missing: KeyState


@frozen(slots=False)
class SigningKeyUnreadable(Event):
    """The stored key `kid` cannot be opened with this instance's sealing keys.

    The instance continues without the change.
    """

    log_event = "keys.unreadable"
    level = "error"
    outcome = "failure"
    kid: str


@frozen(slots=False)
class WaitingForFirstKeys(Event):
    """The start of this instance has waited for the first keys for some seconds: another instance holds the lock.

    If no instance creates them, the one that holds the lock hangs: stop it.
    """

    log_event = "keys.awaited"
    level = "warning"
    outcome = "failure"


@frozen(slots=False)
class KeyRingNotRead(Event):
    """The keys could not be read again. The ones that were read last stay in use."""

    log_event = "keys.not_read"
    level = "warning"
    outcome = "failure"


@frozen(slots=False)
class KeyRingCrashed(Event):
    """The keys were not read again because of a defect. The ones that were read last stay in use."""

    log_event = "keys.crashed"
    level = "error"
    outcome = "failure"


@frozen(slots=False)
class KeyRingChanged(Event):
    """This process now uses another set of keys, `count` of them."""

    log_event = "keys.changed"
    count: int
