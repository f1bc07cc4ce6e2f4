"""The maximum age of a session's proof."""

from datetime import UTC, datetime, timedelta

import pytest

from doorward.domain.auth.sessions.policy import is_fresh

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, microseconds=1), False),
        (timedelta(days=90), False),
    ],
)
def test_a_proof_is_fresh_for_five_minutes(age: timedelta, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_fresh(NOW - age, NOW) is expected
