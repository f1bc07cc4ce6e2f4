"""The decision whether a session may begin, as a table."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from doorward.domain.auth.admission import Proceed, RefusalReason, Refuse, judge
from doorward.domain.auth.models import Account, Proof

USER = uuid4()


@pytest.mark.parametrize(
    ("account", "verdict"),
    [
        (Account(USER, is_active=True, session_epoch=3), Proceed()),
        (Account(USER, is_active=True, session_epoch=4), Refuse(RefusalReason.OUTDATED_PROOF)),
        (Account(USER, is_active=True, session_epoch=2), Refuse(RefusalReason.OUTDATED_PROOF)),
        (Account(USER, is_active=False, session_epoch=3), Refuse(RefusalReason.INACTIVE_USER)),
        (Account(USER, is_active=False, session_epoch=4), Refuse(RefusalReason.INACTIVE_USER)),
        (None, Refuse(RefusalReason.UNKNOWN_USER)),
    ],
)
def test_the_verdict_on_each_state_of_an_account(account: Account | None, verdict: Proceed | Refuse) -> None:
    proof = Proof(USER, ("pwd",), acr=1, proven_at=datetime.now(UTC), session_epoch=3)
    assert judge(account, proof) == verdict
