"""The end of the application closes every resource even if some fail to close."""

import pytest

from doorward.infrastructure.limits.limiter import CallLimiter
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import settings_from
from doorward.wiring.application import create_wired_app


async def test_a_failure_to_close_does_not_keep_other_resources_open(
    monkeypatch: pytest.MonkeyPatch, shared_database: str, secret_key: str
) -> None:
    closed: list[str] = []
    close_database, close_hasher = PostgresDatabase.close, BcryptHasher.close

    async def failing(database: PostgresDatabase) -> None:
        await close_database(database)
        raise ConnectionError

    async def failing_too(_: CallLimiter) -> None:
        closed.append("limiter")
        raise TimeoutError

    def noted(hasher: BcryptHasher) -> None:
        closed.append("hasher")
        close_hasher(hasher)

    monkeypatch.setattr(PostgresDatabase, "close", failing)
    monkeypatch.setattr(CallLimiter, "close", failing_too)
    monkeypatch.setattr(BcryptHasher, "close", noted)
    values = {"environment": "development", "secret_key": secret_key, "database_url": shared_database}
    app = create_wired_app(settings_from(values))
    with pytest.raises(TimeoutError):
        async with app.router.lifespan_context(app):
            pass
    assert closed == ["limiter", "hasher"]
