"""The verdict on a refresh token that the rotation did not accept, as a table."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from doorward.domain.auth.sessions.policy import RefreshVerdict, judge_unrotated
from doorward.domain.auth.sessions.rotated_session import LockedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken, hash_secret

ROTATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPIRES = ROTATED + timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)
STRICT = timedelta(0)
LEEWAY = timedelta(seconds=10)
SECRET = secrets.token_bytes(16)
SESSION = LockedSession(
    user_id=uuid4(),
    client_id="doorward",
    scopes=["account"],
    roles=None,
    resource=None,
    algorithm=None,
    authenticated_at=ROTATED,
    acr=1,
    amr=["pwd"],
    generation=5,
    secret_hash=hash_secret(SECRET),
    refreshed_at=ROTATED,
    expires_at=EXPIRES,
    has_ended=False,
    user_is_active=True,
)
CURRENT, PREDECESSOR, ANCESTOR, FIRST, AHEAD = 5, 4, 3, 0, 6


def _judge(
    generation: int, now: datetime, leeway: timedelta, *, session: LockedSession = SESSION, secret: bytes = SECRET
) -> RefreshVerdict:
    token = RefreshToken(uuid4(), SESSION.user_id, generation, secret)
    return judge_unrotated(session, token, now, leeway, client_id="doorward", is_confidential=False)


@pytest.mark.parametrize(
    ("generation", "after", "leeway", "verdict"),
    [
        (PREDECESSOR, timedelta(0), STRICT, RefreshVerdict.END),
        (PREDECESSOR, MICROSECOND, STRICT, RefreshVerdict.END),
        (PREDECESSOR, timedelta(days=1), STRICT, RefreshVerdict.END),
        (ANCESTOR, timedelta(0), STRICT, RefreshVerdict.END),
        (FIRST, timedelta(0), STRICT, RefreshVerdict.END),
        (PREDECESSOR, timedelta(0), LEEWAY, RefreshVerdict.REPEAT),
        (PREDECESSOR, LEEWAY - MICROSECOND, LEEWAY, RefreshVerdict.REPEAT),
        (PREDECESSOR, LEEWAY, LEEWAY, RefreshVerdict.REPEAT),
        (PREDECESSOR, LEEWAY + MICROSECOND, LEEWAY, RefreshVerdict.END),
        (PREDECESSOR, timedelta(days=1), LEEWAY, RefreshVerdict.END),
        (PREDECESSOR, -MICROSECOND, LEEWAY, RefreshVerdict.REPEAT),
        (ANCESTOR, timedelta(0), LEEWAY, RefreshVerdict.END),
        (FIRST, MICROSECOND, LEEWAY, RefreshVerdict.END),
        (CURRENT, timedelta(0), STRICT, RefreshVerdict.RETRY),
        (CURRENT, timedelta(0), LEEWAY, RefreshVerdict.RETRY),
        (AHEAD, timedelta(0), STRICT, RefreshVerdict.REFUSE),
        (AHEAD, timedelta(0), LEEWAY, RefreshVerdict.REFUSE),
    ],
)
def test_the_verdict_on_each_generation(
    generation: int, after: timedelta, leeway: timedelta, verdict: RefreshVerdict
) -> None:
    assert _judge(generation, ROTATED + after, leeway) is verdict


@pytest.mark.parametrize("generation", [FIRST, ANCESTOR, PREDECESSOR, CURRENT, AHEAD])
@pytest.mark.parametrize("leeway", [STRICT, LEEWAY])
class TestTokensThatAreOnlyRefused:
    def test_a_token_of_an_unknown_session_is_only_refused(self, generation: int, leeway: timedelta) -> None:
        token = RefreshToken(uuid4(), SESSION.user_id, generation, SECRET)
        assert (
            judge_unrotated(None, token, ROTATED, leeway, client_id="doorward", is_confidential=False)
            is RefreshVerdict.REFUSE
        )

    def test_a_token_without_the_secret_of_its_session_is_only_refused(
        self, generation: int, leeway: timedelta
    ) -> None:
        forged = secrets.token_bytes(16)
        assert _judge(generation, ROTATED, leeway, secret=forged) is RefreshVerdict.REFUSE

    def test_a_token_of_an_ended_session_is_only_refused(self, generation: int, leeway: timedelta) -> None:
        assert _judge(generation, ROTATED, leeway, session=replace(SESSION, has_ended=True)) is RefreshVerdict.REFUSE

    def test_a_token_is_only_refused_from_the_exact_end_of_its_session(
        self, generation: int, leeway: timedelta
    ) -> None:
        assert (
            _judge(generation, EXPIRES, leeway, session=replace(SESSION, refreshed_at=EXPIRES)) is RefreshVerdict.REFUSE
        )


def test_reuse_a_microsecond_before_the_end_of_the_session_still_ends_it() -> None:
    assert _judge(PREDECESSOR, EXPIRES - MICROSECOND, LEEWAY) is RefreshVerdict.END


def test_a_repeat_a_microsecond_before_the_end_of_the_session_is_still_allowed() -> None:
    now = EXPIRES - MICROSECOND
    assert _judge(PREDECESSOR, now, LEEWAY, session=replace(SESSION, refreshed_at=now)) is RefreshVerdict.REPEAT


@pytest.mark.parametrize(
    ("generation", "leeway", "verdict"),
    [
        (PREDECESSOR, STRICT, RefreshVerdict.END),
        (PREDECESSOR, LEEWAY, RefreshVerdict.REFUSE),
        (ANCESTOR, LEEWAY, RefreshVerdict.END),
        (CURRENT, STRICT, RefreshVerdict.REFUSE),
        (CURRENT, LEEWAY, RefreshVerdict.REFUSE),
        (AHEAD, STRICT, RefreshVerdict.REFUSE),
    ],
)
def test_an_inactive_user_gets_no_tokens_and_reuse_still_ends_the_session(
    generation: int, leeway: timedelta, verdict: RefreshVerdict
) -> None:
    assert _judge(generation, ROTATED, leeway, session=replace(SESSION, user_is_active=False)) is verdict
