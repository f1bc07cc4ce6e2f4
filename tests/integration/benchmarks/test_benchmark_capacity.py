"""The calculations of `inv bench --part capacity`: from measurements to cores, connections and disks."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity.measurement import Round
from benchmarks.capacity.postgres_load import PostgresLoad
from benchmarks.capacity.usage import (
    LOGIN,
    ME,
    REFRESH,
    Behaviour,
    Costs,
    people_per_connection,
    people_per_core,
    size_of,
)
from benchmarks.load import Mix
from benchmarks.samples import Sample

COSTS = Costs(
    service_seconds=0.002,
    database_seconds=0.0005,
    connection_seconds=0.001,
    login_seconds=0.3,
    user_bytes=400.0,
    session_bytes=500.0,
    wal_bytes=100.0,
)
PLAIN = Behaviour(present=0.5, visits=2, me_of_a_visit=3, logins=2, peak=8.64, use=0.5, session_days=10)
"""Ten calls a day, so that a person makes 0.001 calls a second at the busiest hour."""


def test_a_person_refreshes_once_per_visit() -> None:
    assert PLAIN.calls() == {LOGIN: 2, REFRESH: 2, ME: 6}
    assert PLAIN.shares() == {LOGIN: 0.2, REFRESH: 0.2, ME: 0.6}
    assert sum(Behaviour().shares().values()) == pytest.approx(1)


def test_a_core_serves_the_people_of_its_planned_utilisation() -> None:
    # 250 calls a second take half of the core.
    assert people_per_core(PLAIN, COSTS) == pytest.approx(250_000)
    assert people_per_connection(PLAIN, COSTS) == pytest.approx(500_000)


def test_a_size_is_calculated_for_its_busiest_hour() -> None:
    size = size_of(1_000_000, PLAIN, COSTS)
    assert (size.present, size.calls, size.logins) == pytest.approx((500_000, 500, 100))
    assert (size.cores, size.busy_connections, size.database_cores) == pytest.approx((2, 0.5, 0.5))
    assert size.user_bytes == pytest.approx(400e6)
    assert size.session_bytes == pytest.approx(500_000 * 2 * 10 * 500)
    assert size.wal_bytes == pytest.approx(50_000)
    assert size.storm_cores == pytest.approx(500_000 / 3600 * 0.3)


@pytest.mark.parametrize(("users", "copies"), [(10, 2), (1_000_000, 3), (1_100_000, 4)])
def test_there_are_at_least_two_copies_and_enough_without_one_of_three_zones(users: int, copies: int) -> None:
    size = size_of(users, PLAIN, COSTS)
    assert size.copies == copies
    assert size.copies * 2 / 3 >= size.cores


def test_twice_the_cost_halves_the_people_per_core() -> None:
    dearer = replace(COSTS, service_seconds=COSTS.service_seconds * 2)
    assert people_per_core(PLAIN, dearer) == pytest.approx(people_per_core(PLAIN, COSTS) / 2)


def test_wrk_gets_the_three_kinds_of_calls_and_their_shares(tmp_path: Path) -> None:
    mix = Mix([b"me"], [b"one", b"two"], ["first", "second"], "/refresh", (0.8, 0.1, 0.1), pause_ms=7)
    script, me, logins, tokens, *rest = mix.command(tmp_path)
    assert Path(script).name == "mix.lua"
    assert [Path(each).read_bytes() for each in (me, logins, tokens)] == [b"me\0", b"one\0two\0", b"first\0second\0"]
    assert rest == ["/refresh", "0.8", "0.1", "0.1", "7"]


def test_logins_count_by_their_share_and_not_by_their_number_in_a_round() -> None:
    """One core for 10 seconds: 1,000 calls, of which 5 or 15 logins of 0.3 s each, the others of 1 ms."""

    def cost_of(logins: int) -> float:
        busy = (logins * 0.3 + (1000 - logins) * 0.001) / 10
        sample = Sample(100.0, answers=1000, busy=(busy,))
        return Round(sample, PostgresLoad(), logins, refreshes=0, seconds=10).service_seconds(PLAIN, 0.3)

    assert cost_of(5) == pytest.approx(cost_of(15)) == pytest.approx(0.2 * 0.3 + 0.8 * 0.001)
