"""What a refresh token deserves that the rotation did not accept, as a table."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from doorward.domain.auth.models import RefreshFamily
from doorward.domain.auth.policy import Verdict, judge_unrotated
from doorward.domain.auth.refresh_token import RefreshToken, hash_secret

ROTATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPIRES = ROTATED + timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)
STRICT = timedelta(0)
LEEWAY = timedelta(seconds=10)
SECRET = secrets.token_bytes(16)
FAMILY = RefreshFamily(
    id=uuid4(),
    user_id=uuid4(),
    generation=5,
    secret_hash=hash_secret(SECRET),
    rotated_at=ROTATED,
    expires_at=EXPIRES,
    revoked_at=None,
    user_is_active=True,
)
CURRENT, PREDECESSOR, ANCESTOR, FIRST, AHEAD = 5, 4, 3, 0, 6


def _judge(
    generation: int, now: datetime, leeway: timedelta, *, family: RefreshFamily = FAMILY, secret: bytes = SECRET
) -> Verdict:
    return judge_unrotated(family, RefreshToken(FAMILY.id, generation, secret), now, leeway)


@pytest.mark.parametrize(
    ("generation", "after", "leeway", "verdict"),
    [
        (PREDECESSOR, timedelta(0), STRICT, Verdict.REVOKE),
        (PREDECESSOR, MICROSECOND, STRICT, Verdict.REVOKE),
        (PREDECESSOR, timedelta(days=1), STRICT, Verdict.REVOKE),
        (ANCESTOR, timedelta(0), STRICT, Verdict.REVOKE),
        (FIRST, timedelta(0), STRICT, Verdict.REVOKE),
        (PREDECESSOR, timedelta(0), LEEWAY, Verdict.REPEAT),
        (PREDECESSOR, LEEWAY - MICROSECOND, LEEWAY, Verdict.REPEAT),
        (PREDECESSOR, LEEWAY, LEEWAY, Verdict.REPEAT),
        (PREDECESSOR, LEEWAY + MICROSECOND, LEEWAY, Verdict.REVOKE),
        (PREDECESSOR, timedelta(days=1), LEEWAY, Verdict.REVOKE),
        (PREDECESSOR, -MICROSECOND, LEEWAY, Verdict.REPEAT),
        (ANCESTOR, timedelta(0), LEEWAY, Verdict.REVOKE),
        (FIRST, MICROSECOND, LEEWAY, Verdict.REVOKE),
        (CURRENT, timedelta(0), STRICT, Verdict.RETRY),
        (CURRENT, timedelta(0), LEEWAY, Verdict.RETRY),
        (AHEAD, timedelta(0), STRICT, Verdict.REFUSE),
        (AHEAD, timedelta(0), LEEWAY, Verdict.REFUSE),
    ],
)
def test_the_verdict_on_each_generation(generation: int, after: timedelta, leeway: timedelta, verdict: Verdict) -> None:
    assert _judge(generation, ROTATED + after, leeway) is verdict


@pytest.mark.parametrize("generation", [FIRST, ANCESTOR, PREDECESSOR, CURRENT, AHEAD])
@pytest.mark.parametrize("leeway", [STRICT, LEEWAY])
class TestNothingIsRevokedOrRepeated:
    def test_for_an_unknown_family(self, generation: int, leeway: timedelta) -> None:
        token = RefreshToken(FAMILY.id, generation, SECRET)
        assert judge_unrotated(None, token, ROTATED, leeway) is Verdict.REFUSE

    def test_for_a_token_without_the_familys_secret(self, generation: int, leeway: timedelta) -> None:
        forged = secrets.token_bytes(16)
        assert _judge(generation, ROTATED, leeway, secret=forged) is Verdict.REFUSE

    def test_in_a_revoked_family(self, generation: int, leeway: timedelta) -> None:
        assert _judge(generation, ROTATED, leeway, family=replace(FAMILY, revoked_at=ROTATED)) is Verdict.REFUSE

    def test_exactly_at_the_end_of_the_family(self, generation: int, leeway: timedelta) -> None:
        assert _judge(generation, EXPIRES, leeway, family=replace(FAMILY, rotated_at=EXPIRES)) is Verdict.REFUSE


def test_reuse_a_microsecond_before_the_end_of_the_family_still_ends_it() -> None:
    assert _judge(PREDECESSOR, EXPIRES - MICROSECOND, LEEWAY) is Verdict.REVOKE


def test_a_repeat_a_microsecond_before_the_end_of_the_family_is_still_given() -> None:
    now = EXPIRES - MICROSECOND
    assert _judge(PREDECESSOR, now, LEEWAY, family=replace(FAMILY, rotated_at=now)) is Verdict.REPEAT


@pytest.mark.parametrize(
    ("generation", "leeway", "verdict"),
    [
        (PREDECESSOR, STRICT, Verdict.REVOKE),
        (PREDECESSOR, LEEWAY, Verdict.REFUSE),
        (ANCESTOR, LEEWAY, Verdict.REVOKE),
        (CURRENT, STRICT, Verdict.REFUSE),
        (CURRENT, LEEWAY, Verdict.REFUSE),
        (AHEAD, STRICT, Verdict.REFUSE),
    ],
)
def test_an_inactive_user_gets_nothing_and_theft_still_ends_the_family(
    generation: int, leeway: timedelta, verdict: Verdict
) -> None:
    assert _judge(generation, ROTATED, leeway, family=replace(FAMILY, user_is_active=False)) is verdict
