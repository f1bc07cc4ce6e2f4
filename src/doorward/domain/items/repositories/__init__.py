"""All SQL of the items domain: one function per query, called by the use cases with the connection to use."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation, QueryCanceled

from doorward.core.exceptions import DomainError
from doorward.domain.items.exceptions import ItemOwnerGoneError

Connection = AsyncConnection[Any]


@asynccontextmanager
async def in_time(refusal: type[DomainError]) -> AsyncIterator[None]:
    """Raise ``refusal`` when a statement in the block reaches its time limit."""
    try:
        yield
    except QueryCanceled as error:
        raise refusal from error


@contextmanager
def refusing_missing_owner() -> Iterator[None]:
    """Raise ``ItemOwnerGoneError`` if the account was deleted meanwhile, detected by the constraint's name."""
    try:
        yield
    except ForeignKeyViolation as error:
        if error.diag.constraint_name == "items_owner_id_fkey":
            raise ItemOwnerGoneError from error
        raise
