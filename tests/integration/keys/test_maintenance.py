"""The background task of signing keys, and the error at a start without their package."""

import asyncio
import sys
from datetime import timedelta

import pytest

from development.long_timeouts import LONG_TIMEOUTS
from doorward.commands.main import main
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings
from doorward.wiring.background import background_tasks
from doorward.wiring.database import running_database
from doorward.wiring.keys import create_key_changes
from tests.integration.keys.copies import PUBLIC_URL
from tests.integration.postgres.skewed_host import SkewedHost
from tests.integration.service import FakeClock, settings_of_the_ring


def _settings(database_url: str, secret_key: str, **changes: object) -> Settings:
    changes = {"public_url": PUBLIC_URL, "housekeeping_interval_minutes": 60, **changes}
    return settings_of_the_ring(database_url, secret_key, changes)


async def _states(settings: Settings, database: PostgresDatabase, clock: FakeClock) -> list[str]:
    return sorted(state for _, state in await create_key_changes(settings, database, clock).list())


async def test_the_task_follows_the_schedule(own_database: str, secret_key: str, clock: FakeClock) -> None:
    settings = _settings(own_database, secret_key)
    database = PostgresDatabase(settings.database, timeouts=LONG_TIMEOUTS)
    async with running_database(database):
        (task,) = [each for each in background_tasks(settings, database, clock) if each.name == "signing_keys"]
        assert task.interval == timedelta(hours=1)
        await task.run()
        assert await _states(settings, database, clock) == ["signing"] * 2 + ["standby"] * 2
        clock.advance(timedelta(days=90))
        await task.run()
        assert await _states(settings, database, clock) == ["pending"] * 2 + ["signing"] * 2 + ["standby"] * 2
        clock.advance(timedelta(hours=24))
        await task.run()
        assert await _states(settings, database, clock) == ["retired"] * 2 + ["signing"] * 2 + ["standby"] * 2


async def test_without_the_provider_there_is_no_task(own_database: str, secret_key: str, clock: FakeClock) -> None:
    settings = _settings(own_database, secret_key, public_url=None)
    database = PostgresDatabase(settings.database)
    assert "signing_keys" not in [task.name for task in background_tasks(settings, database, clock)]


async def test_no_key_is_rotated_or_destroyed_while_the_clocks_differ(
    own_database: str, secret_key: str, clock: FakeClock
) -> None:
    settings = _settings(own_database, secret_key)
    host = SkewedHost(timedelta(hours=2).total_seconds())
    database = PostgresDatabase(settings.database, timeouts=LONG_TIMEOUTS, host=host)
    async with running_database(database):
        (task,) = [each for each in background_tasks(settings, database, clock) if each.name == "signing_keys"]
        with pytest.raises(ClocksDifferError):
            await task.run()
        assert await _states(settings, database, clock) == []


async def test_the_error_at_a_start_without_the_package_names_it(
    environment: pytest.MonkeyPatch, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PUBLIC_URL", PUBLIC_URL)
    for module in ("doorward.infrastructure.sealing", "doorward.infrastructure.signing_keys"):
        environment.setitem(sys.modules, module, None)
    assert await asyncio.to_thread(main, ["keys", "list"]) == 1
    error = capsys.readouterr().err
    assert "Install doorward[oauth]" in error
    assert "Traceback" not in error
