"""The statements that a call sends to PostgreSQL."""

from collections.abc import Awaitable
from typing import Any, Final

import psycopg
import pytest

OF_NEW_CONNECTIONS: Final = ("pg_catalog.pg_backend_pid()", "extract(epoch FROM clock_timestamp())")
"""Statements on a new connection. The pool opens one if none is idle, which depends on the machine."""


async def statements_of(call: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of statements sent during a call."""
    return len(await sent_by(call, monkeypatch))


async def sent_by(call: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements sent during a call, each on one line without its parameters."""
    sent: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def noted(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        sent.append(" ".join(str(query).split()))
        return await execute(cursor, query, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", noted)
        await call
    return [each for each in sent if not any(part in each for part in OF_NEW_CONNECTIONS)]
