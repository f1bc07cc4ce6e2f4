"""The decision whether a session may begin: one function for every way of proving who one is. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from doorward.domain.auth.models import Account, Proof


class RefusalReason(StrEnum):
    """Why no session begins. For the operator: the caller is not told."""

    UNKNOWN_USER = "unknown_user"
    INACTIVE_USER = "inactive_user"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    """A caller with the right password is told of it."""
    PASSWORD_CHANGE_REQUIRED = "password_change_required"  # noqa: S105 - a reason
    """An administrator has had the password reset. Who has the right one is told, too."""
    OUTDATED_PROOF = "outdated_proof"
    """All sessions of the user were ended between the proof and the decision."""


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """What is asked of an account besides being active."""

    requires_verified_email: bool


SIGNED_IN: Final = AdmissionPolicy(requires_verified_email=False)
"""For a session that replaces another one of its user, who was admitted when that began."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """A session may begin."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """No session may begin."""

    reason: RefusalReason


def judge(account: Account | None, proof: Proof, policy: AdmissionPolicy) -> Proceed | Refuse:
    """Decide whether the proof admits to the account, which is locked: what it says is so until the session begins."""
    if account is None:
        return Refuse(RefusalReason.UNKNOWN_USER)
    if not account.is_active:
        return Refuse(RefusalReason.INACTIVE_USER)
    if account.session_epoch != proof.session_epoch:
        return Refuse(RefusalReason.OUTDATED_PROOF)
    if account.must_change_password:
        return Refuse(RefusalReason.PASSWORD_CHANGE_REQUIRED)
    if policy.requires_verified_email and not account.is_verified:
        return Refuse(RefusalReason.EMAIL_NOT_VERIFIED)
    return Proceed()
