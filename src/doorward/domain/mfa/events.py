"""The events of second factors."""

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class TotpAdded(AuditedEvent):
    """A user set up an authenticator application. All other sessions ended."""

    type = "factor.totp_added"
    log_event = "mfa.totp.added"
    outcome = "success"


@frozen(slots=False)
class TotpReplaced(AuditedEvent):
    """A user replaced the authenticator application. All other sessions ended."""

    type = "factor.totp_replaced"
    log_event = "mfa.totp.replaced"
    outcome = "success"


@frozen(slots=False)
class TotpRemoved(AuditedEvent):
    """A user removed the authenticator application, after a recent proof of a second factor.

    All other sessions ended.
    """

    type = "factor.totp_removed"
    log_event = "mfa.totp.removed"
    outcome = "success"


@frozen(slots=False)
class RecoveryCodesMade(AuditedEvent):
    """A user got `count` new recovery codes. The previous ones are refused."""

    type = "factor.codes_made"
    log_event = "mfa.recovery_codes.made"
    outcome = "success"
    count: int


@frozen(slots=False)
class RecoveryCodeUsed(AuditedEvent):
    """A recovery code was used to log in or to re-authenticate; `left` codes remain."""

    type = "factor.code_used"
    log_event = "mfa.recovery_code.used"
    level = "warning"
    outcome = "success"
    left: int


@frozen(slots=False)
class FactorsReset(AuditedEvent):
    """All second factors of `target_user_id` were removed, and `count` sessions ended.

    By an administrator, an operator, or a password reset by mail of an account that was never verified.
    """

    type = "factor.reset"
    log_event = "mfa.factors.reset"
    user_fact = "target_user_id"
    level = "warning"
    outcome = "success"
    count: int
