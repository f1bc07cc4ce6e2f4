"""Account events."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.core.frozen import frozen
from doorward.domain.accounts.models import ChangedMailbox
from doorward.domain.auth.events import REGISTRATIONS

VERIFICATIONS: Final = Counter("doorward_email_verifications_total", "Uses of verification tokens and codes", "outcome")
EMAIL_CHANGES: Final = Counter("doorward_email_changes_total", "Confirmations of new e-mail addresses", "outcome")
PASSWORD_CHANGES: Final = Counter("doorward_password_changes_total", "Changes and resets of passwords", "outcome")


@frozen(slots=False)
class UsernameChanged(AuditedEvent):
    """An account got another user name, or another spelling of it, from its owner or an administrator."""

    type = "user.username_changed"
    log_event = "accounts.username.changed"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class RegistrationRequested(Event):
    """A registration waits for the answer to its mail.

    If the address has an account, a notice goes to the owner instead.
    """

    log_event = "accounts.registration.requested"
    outcome = "success"
    counted = ((REGISTRATIONS, "requested"),)


@frozen(slots=False)
class ConfirmationRefused(Event):
    """A token or code of a registration was refused. `reason` is the refusal's code."""

    log_event = "accounts.registration.confirmation_refused"
    outcome = "failure"
    counted = ((REGISTRATIONS, "confirmation_refused"),)
    reason: str


@frozen(slots=False)
class InvitationCreated(AuditedEvent):
    """An address was invited: the mail is sent to it, or the link was shown to the user who invited it."""

    type = "invitation.created"
    log_event = "accounts.invitation.created"
    outcome = "success"
    invitation_id: UUID


@frozen(slots=False)
class InvitationRevoked(AuditedEvent):
    """An invitation was revoked before it was accepted. Its link and its code no longer work."""

    type = "invitation.revoked"
    log_event = "accounts.invitation.revoked"
    outcome = "success"
    invitation_id: UUID


@frozen(slots=False)
class InvitationAccepted(AuditedEvent):
    """The invited person created the account `new_user_id`."""

    type = "invitation.accepted"
    log_event = "accounts.invitation.accepted"
    user_fact = "new_user_id"
    outcome = "success"
    invitation_id: UUID


@frozen(slots=False)
class InvitationRefused(Event):
    """The token, the code, the name or the password of an acceptance was refused. `reason` is the refusal's code."""

    log_event = "accounts.invitation.refused"
    outcome = "failure"
    counted = ((REGISTRATIONS, "refused"),)
    reason: str


@frozen(slots=False)
class UserVerified(AuditedEvent):
    """The owner of an account proved access to its e-mail address."""

    type = "user.verified"
    log_event = "accounts.email.verified"
    outcome = "success"
    counted = ((VERIFICATIONS, "verified"),)


@frozen(slots=False)
class VerificationRefused(Event):
    """A verification token or code was refused. `reason` is the refusal's code."""

    log_event = "accounts.email.verification_refused"
    outcome = "failure"
    counted = ((VERIFICATIONS, "refused"),)
    reason: str


@frozen(slots=False)
class PasswordResetRequested(AuditedEvent):
    """A mail with a reset token is sent to the owner's address."""

    type = "user.password_reset_requested"
    log_event = "accounts.password.reset_requested"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class PasswordChanged(AuditedEvent):
    """The password was replaced, and all sessions ended. `reason` is `reset` or `changed`."""

    type = "user.password_changed"
    log_event = "accounts.password.changed"
    user_fact = "target_user_id"
    outcome = "success"
    counted = ((PASSWORD_CHANGES, "changed"),)
    reason: Literal["changed", "reset"]


@frozen(slots=False)
class UserDeletionScheduled(AuditedEvent):
    """The owner or an administrator scheduled the deletion of the account, which is inactive and has no sessions."""

    type = "user.deletion_scheduled"
    log_event = "accounts.deletion.scheduled"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class UserDeletionCancelled(AuditedEvent):
    """The owner of an account that was scheduled for deletion restored it."""

    type = "user.deletion_cancelled"
    log_event = "accounts.deletion.cancelled"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class UserDeleted(AuditedEvent):
    """An account was deleted with all its data: some days after the request, or at once by an administrator.

    Only the id remains.
    """

    type = "user.deleted"
    log_event = "accounts.deletion.done"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class UserExported(AuditedEvent):
    """The owner of an account received an export of all data stored about it."""

    type = "user.exported"
    log_event = "accounts.export.made"
    outcome = "success"


@frozen(slots=False)
class PasswordResetRefused(Event):
    """A reset token or code was refused. `reason` is the refusal's code."""

    log_event = "accounts.password.reset_refused"
    outcome = "failure"
    counted = ((PASSWORD_CHANGES, "refused"),)
    reason: str


@frozen(slots=False)
class EmailChangeRequested(AuditedEvent):
    """The owner of an account requested another e-mail address.

    The account keeps its address until the new one is confirmed.
    """

    type = "user.email_change_requested"
    log_event = "accounts.email_change.requested"
    outcome = "success"


@frozen(slots=False)
class EmailChangeCancelled(AuditedEvent):
    """The owner of an account cancelled a change of the e-mail address before it was confirmed."""

    type = "user.email_change_cancelled"
    log_event = "accounts.email_change.cancelled"
    outcome = "success"


@frozen(slots=False)
class EmailChangeConfirmed(Event):
    """A `mailbox`, `old` or `new`, has confirmed a change of the e-mail address of `target_user_id`."""

    log_event = "accounts.email_change.confirmed"
    outcome = "success"
    counted = ((EMAIL_CHANGES, "confirmed"),)
    target_user_id: UUID
    mailbox: ChangedMailbox


@frozen(slots=False)
class EmailChanged(AuditedEvent):
    """The e-mail address was replaced by another one, and all sessions ended.

    The new address is verified, unless an administrator has set it.
    """

    type = "user.email_changed"
    log_event = "accounts.email_change.made"
    user_fact = "target_user_id"
    outcome = "success"
    counted = ((EMAIL_CHANGES, "changed"),)


@frozen(slots=False)
class EmailChangeRefused(Event):
    """A token or code of a change of the e-mail address was refused. `reason` is the refusal's code."""

    log_event = "accounts.email_change.refused"
    outcome = "failure"
    counted = ((EMAIL_CHANGES, "refused"),)
    reason: str
