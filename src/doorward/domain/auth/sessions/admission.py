"""The decision whether a session may begin: one function for all ways to authenticate. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import EmailNotVerifiedError, PasswordChangeRequiredError
from doorward.domain.auth.models import Proof

TWO_KINDS: Final = 2
"""The ``acr`` of a proof by two different kinds of factors."""

RECOVERY_CODE: Final = "recovery-code"
"""The method of recovery codes, which are accepted in place of every second factor."""


class SecondFactor(StrEnum):
    """The kinds of second factors, as accounts list them."""

    TOTP = "totp"
    """An authenticator application (RFC 6238)."""
    PASSKEY = "passkey"


class RefusalReason(StrEnum):
    """Why no session begins. For the operator; the caller must not learn it, except as noted."""

    UNKNOWN_USER = "unknown_user"
    INACTIVE_USER = "inactive_user"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    """The caller learns it if the password was right."""
    PASSWORD_CHANGE_REQUIRED = "password_change_required"  # noqa: S105 - a reason
    """An administrator requires a new password. The caller learns it if the old one was right."""
    OUTDATED_PROOF = "outdated_proof"
    """All sessions of the user were ended between the proof and the decision."""


ERRORS_SHOWN_TO_OWNER: Final[Mapping[str, type[DomainError]]] = {
    RefusalReason.EMAIL_NOT_VERIFIED: EmailNotVerifiedError,
    RefusalReason.PASSWORD_CHANGE_REQUIRED: PasswordChangeRequiredError,
}
"""The refusals that the caller learns after a right password, passkey or identity. Others look like a wrong one."""


class JudgedAccount(Protocol):
    """The state of an account that decides whether a session may begin."""

    @property
    def is_active(self) -> bool:
        """Return whether the account may be used."""
        ...

    @property
    def session_epoch(self) -> int:
        """Return the epoch in which sessions begin now."""
        ...

    @property
    def is_verified(self) -> bool:
        """Return whether the address was verified."""
        ...

    @property
    def must_change_password(self) -> bool:
        """Return whether an administrator requires a new password."""
        ...

    @property
    def second_factor(self) -> Sequence[str] | None:
        """Return the kinds of second factors; None for none."""
        ...


@frozen
class AdmissionPolicy:
    """The requirements that an active account must meet."""

    requires_verified_email: bool
    requires_second_factor: bool = True
    """Whether accounts that have a second factor must show it."""


SIGNED_IN: Final = AdmissionPolicy(requires_verified_email=False, requires_second_factor=False)
"""The policy for a session that continues another session of its user, which was admitted when it began."""


@frozen
class Proceed:
    """A session may begin."""


@frozen
class Refuse:
    """No session may begin."""

    reason: RefusalReason


@frozen
class SecondFactorDue:
    """The proof is right, but the account has a second factor that was not shown.

    ``methods`` are the ways to show it; each has a call ``/api/v1/auth/second-factor/<method>``.
    """

    methods: tuple[str, ...]


Verdict = Proceed | SecondFactorDue | Refuse


def judge(account: JudgedAccount | None, proof: Proof, policy: AdmissionPolicy) -> Verdict:
    """Decide whether a session may begin for the proof.

    Before a session is stored, call it with the locked account, so that the decision still holds at the commit. A
    second factor is required only if there is no reason to refuse.
    """
    if account is None:
        return Refuse(RefusalReason.UNKNOWN_USER)
    reason = _reason_to_refuse(account, proof, policy)
    if reason is not None:
        return Refuse(reason)
    is_due = policy.requires_second_factor and proof.acr < TWO_KINDS and not proof.is_on_trusted_device
    if account.second_factor and is_due:
        return SecondFactorDue(methods_of(account.second_factor))
    return Proceed()


def _reason_to_refuse(account: JudgedAccount, proof: Proof, policy: AdmissionPolicy) -> RefusalReason | None:
    if not account.is_active:
        return RefusalReason.INACTIVE_USER
    if account.session_epoch != proof.session_epoch:
        return RefusalReason.OUTDATED_PROOF
    if account.must_change_password:
        return RefusalReason.PASSWORD_CHANGE_REQUIRED
    if policy.requires_verified_email and not account.is_verified:
        return RefusalReason.EMAIL_NOT_VERIFIED
    return None


def methods_of(second_factor: Sequence[str]) -> tuple[str, ...]:
    """Return the methods by which the second factor of an account can be shown."""
    return (*(each.value for each in SecondFactor if each in second_factor), RECOVERY_CODE)
