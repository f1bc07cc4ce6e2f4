"""The mailbox that must confirm an e-mail change next, in each state of the change."""

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest

from doorward.domain.accounts.models import ChangedMailbox, EmailChangeMode, PendingEmailChange
from doorward.domain.accounts.policy import next_mailbox_to_confirm

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANGE = PendingEmailChange(UUID(int=1), "new@example.com", "new@example.com", created_at=AT, expires_at=AT)
BOTH, NEW = EmailChangeMode.BOTH, EmailChangeMode.NEW


@pytest.mark.parametrize(("old", "verified", "mode"), list(product([False, True], [False, True], [BOTH, NEW])))
def test_the_new_mailbox_must_always_confirm(*, old: bool, verified: bool, mode: EmailChangeMode) -> None:
    change = CHANGE.confirmed_by(ChangedMailbox.OLD, AT) if old else CHANGE
    assert next_mailbox_to_confirm(change, mode, is_verified=verified) is ChangedMailbox.NEW


@pytest.mark.parametrize(
    ("old", "verified", "mode", "missing"),
    [
        (False, True, BOTH, ChangedMailbox.OLD),
        (True, True, BOTH, None),
        (False, False, BOTH, None),
        (False, True, NEW, None),
        (False, False, NEW, None),
    ],
)
def test_in_mode_both_a_verified_old_mailbox_must_confirm_too(
    *, old: bool, verified: bool, mode: EmailChangeMode, missing: ChangedMailbox | None
) -> None:
    change = CHANGE.confirmed_by(ChangedMailbox.NEW, AT)
    change = change.confirmed_by(ChangedMailbox.OLD, AT) if old else change
    assert next_mailbox_to_confirm(change, mode, is_verified=verified) is missing
