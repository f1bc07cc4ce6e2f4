"""Concurrent use of second factors at two copies of the service, a short run; `inv prove --only races` runs longer."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest

from development.proof.races.factors import FactorRaces
from development.proof.service import ADMINISTRATION, proof_settings, running_service
from tests.integration.service import MakeDatabase

ROUNDS = 2
CORRUPTIONS = {
    "UPDATE users SET session_epoch = 0 WHERE username = %s": "a session that has ended is answered 200",
    "DELETE FROM totp_factors USING users WHERE users.id = user_id AND username = %s": "applications=0",
    "DELETE FROM recovery_codes USING users WHERE id = user_id AND username = %s": "codes=0",
}


@pytest.fixture(scope="module")
def races(make_database: MakeDatabase) -> Iterator[FactorRaces]:
    database_url = make_database(migrated=True)
    settings = proof_settings(database_url, **ADMINISTRATION)
    with ExitStack() as stack:
        yield FactorRaces([stack.enter_context(running_service(settings)) for _ in range(2)], database_url)


async def test_single_use_credentials_start_one_session_and_ended_sessions_stay_ended(races: FactorRaces) -> None:
    for name, play in races.all().items():
        for _ in range(ROUNDS):
            assert await races.judge(await play()) == [], name


async def test_the_checker_reports_corrupted_rows_and_a_second_success(races: FactorRaces) -> None:
    race = await races.two_enrolments()
    found = {}
    for corruption in CORRUPTIONS:
        with psycopg.connect(races.database_url, autocommit=True) as connection:
            connection.execute(corruption.encode(), (race.name,))
        found[corruption] = "\n".join(await races.judge(race))
    assert [each for each, line in CORRUPTIONS.items() if line not in found[each]] == []
    winner = next(answer for answer in race.answers if answer.status == 200)
    doubled = await races.judge(replace(race, answers=[*race.answers, winner]))
    assert "of equal calls 2 succeeded" in "\n".join(doubled)
