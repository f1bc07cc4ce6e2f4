"""The events of passkeys."""

from typing import Literal
from uuid import UUID

from doorward.core.events import AuditedEvent, Event
from doorward.core.frozen import frozen
from doorward.domain.auth.events import LOGINS


@frozen(slots=False)
class PasskeyAdded(AuditedEvent):
    """A user registered the passkey `passkey_id`."""

    type = "factor.passkey_added"
    log_event = "passkeys.passkey.added"
    outcome = "success"
    passkey_id: UUID


@frozen(slots=False)
class PasskeyRenamed(AuditedEvent):
    """A user renamed the passkey `passkey_id`."""

    type = "factor.passkey_renamed"
    log_event = "passkeys.passkey.renamed"
    outcome = "success"
    passkey_id: UUID


@frozen(slots=False)
class PasskeyRemoved(AuditedEvent):
    """A user removed the passkey `passkey_id`."""

    type = "factor.passkey_removed"
    log_event = "passkeys.passkey.removed"
    outcome = "success"
    passkey_id: UUID


@frozen(slots=False)
class PasskeySuspended(AuditedEvent):
    """The counter of the passkey `passkey_id` of `target_user_id` decreased: there may be a copy of it.

    The passkey was refused, and stays suspended. Its owner is notified by mail.
    """

    type = "factor.passkey_suspended"
    log_event = "passkeys.passkey.suspended"
    user_fact = "target_user_id"
    level = "warning"
    outcome = "failure"
    passkey_id: UUID


@frozen(slots=False)
class PasskeyRegistrationRefused(Event):
    """A new passkey was refused with 422.

    `reason` is `challenge` (forged, of another user, or too old), `repeated`, `outdated` (all sessions of the user were
    ended meanwhile) or `response`: the authenticator's response does not verify.
    """

    log_event = "passkeys.registration.refused"
    outcome = "failure"
    reason: Literal["challenge", "repeated", "outdated", "response"]


@frozen(slots=False)
class PasskeyRefused(Event):
    """A passkey was refused. `reason` is not sent to the caller, except `unknown`.

    `reason` is `challenge` (forged, for another call, or too old), `repeated`, `unknown`, `relying_party` (registered
    while PUBLIC_URL had another host), `user` (of another user than required), `suspended`, `response` (the
    authenticator's response does not verify, or the user was not verified), `counter` (the passkey was suspended for
    it), `overtaken` (removed, suspended or used again since its challenge was issued), or `account`: no session may
    begin. `target_user_id` is its owner.
    """

    log_event = "passkeys.passkey.refused"
    outcome = "failure"
    counted = ((LOGINS, "failed"),)
    reason: Literal[
        "challenge",
        "repeated",
        "unknown",
        "relying_party",
        "user",
        "suspended",
        "response",
        "counter",
        "overtaken",
        "account",
    ]
    target_user_id: UUID | None = None
