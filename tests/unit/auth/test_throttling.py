"""The delay after failed logins to one account, as a table and during an attack."""

from datetime import timedelta

import pytest

from doorward.domain.auth.login.throttling import LOGIN_CURVE, MANY_KEPT, Curve


def moments_of_attack(curve: Curve, attempts: int) -> list[timedelta]:
    """Return the time of each attempt of an attacker who waits no longer than required."""
    moments = [timedelta(0)]
    for number in range(1, attempts):
        moments.append(moments[-1] + curve.delay_after(number))
    return moments


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 0),
        (19, 0),
        (20, 15),
        (28, 30),
        (36, 60),
        (44, 120),
        (52, 240),
        (60, 480),
        (76, 1920),
        (83, 3521.296),
        (84, 3600),
        (99, 3600),
        (100, MANY_KEPT.total_seconds()),
        (101, MANY_KEPT.total_seconds()),
    ],
)
def test_the_delay_after_each_number_of_failures(failures: int, seconds: float) -> None:
    assert LOGIN_CURVE.delay_after(failures).total_seconds() == pytest.approx(seconds, abs=0.001)


def test_more_failures_never_shorten_the_delay() -> None:
    delays = [LOGIN_CURVE.delay_after(number) for number in range(1, 102)]
    assert delays == sorted(delays)


@pytest.mark.parametrize(
    ("within", "guesses"),
    [(timedelta(0), 20), (timedelta(hours=1), 56), (timedelta(hours=28), 100), (timedelta(days=29), 100)],
)
def test_the_number_of_guesses_against_one_account_is_limited(within: timedelta, guesses: int) -> None:
    moments = moments_of_attack(LOGIN_CURVE, 150)
    assert sum(moment <= within for moment in moments) == guesses


def test_another_curve_uses_its_own_parameters() -> None:
    curve = Curve(free=5, first_delay=timedelta(seconds=1), failures_to_double=1, most=8)
    assert [curve.delay_after(number).total_seconds() for number in range(4, 8)] == [0, 1, 2, 4]
    assert curve.delay_after(8) == MANY_KEPT
