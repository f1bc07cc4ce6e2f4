"""A database of a given size with a service, ready for measurements."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, sql

from benchmarks.items.calls import Call, Reader, calls_of, find_reader
from benchmarks.items.catalogue import OWNERS, Zipf, add_owners, fill, item_rows
from benchmarks.service import KeepAlive, Service, running_service, user_id_of
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.database import with_session_options


@dataclass(frozen=True)
class Site:
    """A database and its service. ``connection`` is the benchmark's own."""

    size: int
    service: Service
    token: str
    reader: Reader
    calls: Sequence[Call]
    http: KeepAlive
    connection: AsyncConnection[Any]


@contextlib.asynccontextmanager
async def running_site(postgres: EmbeddedPostgres, size: int, words: Zipf) -> AsyncIterator[Site]:
    """Create a database with that many items of 1,000 owners, one of whom is signed in."""
    name = f"doorward_{size}"
    async with await _connect(postgres.url()) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres.url(name)
    migrate(url)
    async with await _connect(url) as connection:
        with running_service(url) as service:
            token = service.sign_in().access_token
            owners = [user_id_of(token), *await add_owners(connection, OWNERS - 1)]
            await fill(connection, item_rows(size, owners, words))
            reader = await find_reader(connection, token, service.secret_key, size)
            with contextlib.closing(KeepAlive(service.port, token)) as http:
                yield Site(size, service, token, reader, calls_of(reader, words.things), http, connection)


async def _connect(url: str) -> AsyncConnection[Any]:
    """Connect with the settings of the service, so that plans are the same, but without a statement timeout."""
    connection: AsyncConnection[Any] = await AsyncConnection.connect(with_session_options(url), autocommit=True)
    await connection.execute("SET statement_timeout = 0")
    return connection
