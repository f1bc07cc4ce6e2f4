"""The decision whether a session may begin: one function for every way of proving who one is. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from doorward.domain.auth.models import Account, Proof


class RefusalReason(StrEnum):
    """Why no session begins. For the operator: the caller is not told."""

    UNKNOWN_USER = "unknown_user"
    INACTIVE_USER = "inactive_user"
    OUTDATED_PROOF = "outdated_proof"
    """All sessions of the user were ended between the proof and the decision."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """A session may begin."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """No session may begin."""

    reason: RefusalReason


def judge(account: Account | None, proof: Proof) -> Proceed | Refuse:
    """Decide whether the proof admits to the account, which is locked: what it says is so until the session begins."""
    if account is None:
        return Refuse(RefusalReason.UNKNOWN_USER)
    if not account.is_active:
        return Refuse(RefusalReason.INACTIVE_USER)
    if account.session_epoch != proof.session_epoch:
        return Refuse(RefusalReason.OUTDATED_PROOF)
    return Proceed()
