"""L1: an ASGI application without a framework. One statement per request, through a pool as the service has it.

It checks no signature, counts no rate limit and writes no log: it answers the row of the database as JSON.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from benchmarks.accounts import SECRET_HASH
from benchmarks.statements import FIND_SESSION_USER, ROTATE
from doorward.infrastructure.postgres.database import with_session_options

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Parameters = dict[str, Any]

IDLE: Final = timedelta(days=7)


class BareApplication:
    """GET /SESSION/USER answers the user; POST of ``{"refresh_token": "SESSION.USER.GENERATION"}`` the next token."""

    def __init__(self, database_url: str) -> None:
        """Prepare the pool, with the service's default size."""
        self._pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
            with_session_options(database_url), min_size=1, max_size=10, kwargs={"autocommit": True}, open=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"] == "/":
            await answer(send, {"status": "ok"})
        elif scope["method"] == "GET":
            await answer(send, await self._me(scope["path"]))
        else:
            message = await receive()
            await answer(send, await self._rotate(json.loads(message["body"])["refresh_token"]))

    async def _me(self, path: str) -> Parameters:
        _, session_id, user_id = path.split("/")
        row = await self._row(
            FIND_SESSION_USER, {"session_id": UUID(session_id), "user_id": UUID(user_id), "now": datetime.now(UTC)}
        )
        return {"id": str(row[0]), "email": row[1], "username": row[2], "is_active": row[3]}

    async def _rotate(self, token: str) -> Parameters:
        session_id, user_id, generation = token.split(".")
        now = datetime.now(UTC)
        row = await self._row(
            ROTATE,
            {
                "session_id": UUID(session_id),
                "user_id": UUID(user_id),
                "generation": int(generation),
                "secret_hash": SECRET_HASH,
                "now": now,
                "idle_expires_at": now + IDLE,
            },
        )
        return {"refresh_token": f"{session_id}.{user_id}.{int(generation) + 1}", "user": str(row[0])}

    async def _row(self, statement: str, parameters: Parameters) -> TupleRow:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("no such session")
        return row

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


async def answer(send: Send, content: Parameters) -> None:
    """Answer a request with 200 and JSON."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create() -> BareApplication:
    """Return the application on the database of DATABASE_URL."""
    return BareApplication(os.environ["DATABASE_URL"])
