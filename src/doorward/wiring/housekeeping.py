"""Build background tasks that run at the interval of the settings and do nothing while the clocks differ."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from doorward.infrastructure.postgres.clock_watch import require_agreement
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings


def clock_checked_task(
    name: str, work: Callable[[], Awaitable[int]], settings: BackgroundSettings, database: PostgresDatabase
) -> Task:
    """Return a task that does this time-dependent work at the interval of the settings.

    While this host's clock and PostgreSQL's differ by too much, the task raises ``ClocksDifferError``: it would remove
    rows that are still valid, or change keys too early.
    """

    async def check_clocks_and_work() -> int:
        require_agreement(database.clock)
        return await work()

    return Task(name, timedelta(minutes=settings.housekeeping_interval_minutes), check_clocks_and_work)
