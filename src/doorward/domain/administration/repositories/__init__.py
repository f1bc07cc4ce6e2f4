"""All SQL of this domain, one module per table or list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import QueryCanceled

from doorward.core.exceptions import DomainError

Connection = AsyncConnection[Any]


@asynccontextmanager
async def in_time(refusal: type[DomainError]) -> AsyncIterator[None]:
    """Raise ``refusal`` when a statement in the block reaches its time limit."""
    try:
        yield
    except QueryCanceled as error:
        raise refusal from error
