"""Processes that share a database, each with its use cases of key changes and its key ring."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from development.long_timeouts import LONG_TIMEOUTS
from doorward.core.ports import Sealer
from doorward.domain.keys.changes import KeyChanges
from doorward.domain.keys.models import KeyState
from doorward.domain.keys.publishing import PublishedKeys
from doorward.infrastructure.key_ring import KeyRings, RingTimes
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.infrastructure.signing_keys import open_key
from doorward.wiring.database import running_database
from tests.integration.keys.copies import NEVER
from tests.integration.quick_ring import QuickKeyMaker
from tests.integration.service import FakeClock, settings_of_the_ring

KEPT = timedelta(days=90)


class Copy:
    """One process: its use cases of key changes, and its key ring."""

    def __init__(
        self, published: PublishedKeys, database: PostgresDatabase, clock: FakeClock, sealer: Sealer, times: RingTimes
    ) -> None:
        self.clock = clock
        self.database = database
        self.changes = KeyChanges(
            database=database, clock=clock, sealer=sealer, maker=QuickKeyMaker(), kept_after_unlisting=KEPT
        )
        self.rings = KeyRings(
            published=published,
            open_key=partial(open_key, sealer=sealer),
            clock=clock,
            times=times,
        )

    async def open(self) -> None:
        await self.rings.open(self.changes.begin)

    def kids(self) -> set[str]:
        return {key.kid for key in self.rings.current.keys}

    async def in_state(self, state: KeyState, algorithm: str = "ES256") -> str:
        (kid,) = [key.kid for key, found in await self.changes.list() if (key.algorithm, found) == (algorithm, state)]
        return kid


class MakeCopy:
    def __init__(self, database: PostgresDatabase, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.key = secrets.token_bytes(32)

    def __call__(
        self, *, times: RingTimes = NEVER, keys: list[bytes] | None = None, published: PublishedKeys | None = None
    ) -> Copy:
        published = published or PublishedKeys(database=self.database, clock=self.clock)
        return Copy(published, self.database, self.clock, AesGcmSealer(keys or [self.key]), times)

    async def spoil(self, kid: str) -> None:
        """Overwrite the encrypted key, so that no copy can decrypt it."""
        async with self.database.connection() as connection:
            await connection.execute("UPDATE signing_keys SET sealed = '\\x00' WHERE kid = %(kid)s", {"kid": kid})


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[PostgresDatabase]:
    settings = settings_of_the_ring(url, secrets.token_urlsafe(48), {})
    database = PostgresDatabase(settings.database, timeouts=LONG_TIMEOUTS)
    async with running_database(database):
        yield database


@pytest.fixture
async def make_copy(own_database: str, clock: FakeClock) -> AsyncIterator[MakeCopy]:
    async with _database(own_database) as database:
        yield MakeCopy(database, clock)
