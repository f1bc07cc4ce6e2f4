"""What the operator's commands do: each opens a database of its own and closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from doorward.core.ports import Clock
from doorward.domain.auth.accounts import Accounts
from doorward.domain.auth.deactivation import Deactivation
from doorward.domain.auth.ending import SessionEnding
from doorward.domain.auth.pruning import Pruning
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.postgres.clock_watch import require_agreement
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.infrastructure.scheduler import Housekeeper
from doorward.settings.config import Settings


def create_housekeeper(settings: Settings, database: PostgresDatabase, clock: Clock) -> Housekeeper:
    """Return what prunes, in turn with the other copies of the service."""
    pruning = Pruning(database=database, clock=clock, retention=timedelta(days=settings.session_retention_days))

    async def prune_by_agreed_time() -> int:
        require_agreement(database.clock)
        return await pruning.prune()

    return Housekeeper(
        session_conninfo(settings),
        "prune",
        prune_by_agreed_time,
        timedelta(minutes=settings.housekeeping_interval_minutes),
    )


async def prune(settings: Settings, host: HostClock | None = None) -> int | None:
    """Remove old sessions now; return how many, or None when another process is at it.

    Raises ``ClocksDifferError``.
    """
    async with _opened(settings, host) as database:
        return await create_housekeeper(settings, database, database.clock).run(only_if_due=False)


async def revoke_all(settings: Settings) -> int:
    """End every session; return how many."""
    async with _opened(settings) as database:
        return await SessionEnding(database=database, clock=database.clock).end_all()


async def deactivate(settings: Settings, name: str) -> int:
    """Bar a user from the service; return how many sessions were ended. Raises ``UserNotFoundError``."""
    async with _opened(settings) as database:
        return await _deactivation(database).deactivate(name)


async def activate(settings: Settings, name: str) -> None:
    """Let a user log in again. Raises ``UserNotFoundError``."""
    async with _opened(settings) as database:
        await _deactivation(database).activate(name)


def _deactivation(database: PostgresDatabase) -> Deactivation:
    return Deactivation(database=database, accounts=Accounts(database=database))


@asynccontextmanager
async def _opened(settings: Settings, host: HostClock | None = None) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(settings, host=host)
    await database.open()
    try:
        await database.measure_clock()
        yield database
    finally:
        await database.close()
