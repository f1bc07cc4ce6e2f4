"""What a call costs: the statements that it sends to PostgreSQL."""

from collections.abc import Awaitable
from typing import Any, Final

import psycopg
import pytest

OF_NEW_CONNECTIONS: Final = ("pg_catalog.pg_backend_pid()", "extract(epoch FROM clock_timestamp())")
"""What a connection is asked when it is made. The pool makes one when none is idle, which depends on the machine."""


async def statements_of(call: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many statements are sent while a call is made."""
    return len(await sent_by(call, monkeypatch))


async def sent_by(call: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that are sent while a call is made, each in one line without its parameters."""
    sent: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def noted(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        sent.append(" ".join(str(query).split()))
        return await execute(cursor, query, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", noted)
        await call
    return [each for each in sent if not any(part in each for part in OF_NEW_CONNECTIONS)]
