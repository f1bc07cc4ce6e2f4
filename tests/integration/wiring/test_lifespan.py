"""The end of the application closes every resource even if some fail to close."""

import pytest

from doorward.infrastructure.limits.limiter import CallLimiter
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import settings_from
from doorward.settings.database import DatabaseSettings
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts


class FailingDatabase(PostgresDatabase):
    def __init__(self, settings: DatabaseSettings, closed: list[str]) -> None:
        super().__init__(settings)
        self._closed = closed

    async def close(self) -> None:
        self._closed.append("database")
        await super().close()
        raise ConnectionError


class FailingLimiter(CallLimiter):
    def __init__(self, closed: list[str]) -> None:
        super().__init__({})
        self._closed = closed

    async def close(self) -> None:
        self._closed.append("limiter")
        raise TimeoutError


class RecordingHasher(BcryptHasher):
    def __init__(self, closed: list[str]) -> None:
        super().__init__(rounds=4, threads=1)
        self._closed = closed

    def close(self) -> None:
        self._closed.append("hasher")
        super().close()


async def test_a_failure_to_close_does_not_keep_other_resources_open(shared_database: str, secret_key: str) -> None:
    closed: list[str] = []
    values = {"environment": "development", "secret_key": secret_key, "database_url": shared_database}
    settings = settings_from(values)
    parts = Parts(
        database=FailingDatabase(settings.database, closed),
        limiter=FailingLimiter(closed),
        hasher=RecordingHasher(closed),
    )
    app = create_wired_app(settings, parts)
    with pytest.raises(TimeoutError):
        async with app.router.lifespan_context(app):
            pass
    assert closed == ["database", "limiter", "hasher"]
