"""The audit log in tests, and its use cases on a plain connection."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from tests.integration.service import Service


class PlainDatabase:
    """The database port with a new connection for each use, without the service's limits."""

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self.connection() as connection, connection.transaction():
            yield connection

    def deadline(self) -> datetime:
        raise NotImplementedError

    def bulk_slot(self) -> AbstractContextManager[None]:
        raise NotImplementedError

    @asynccontextmanager
    async def bulk_transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self.transaction() as connection:
            yield connection


def rows_of(service: Service) -> list[dict[str, Any]]:
    """Return the whole audit log in order."""
    return service.sql("SELECT * FROM audit_events ORDER BY id")
