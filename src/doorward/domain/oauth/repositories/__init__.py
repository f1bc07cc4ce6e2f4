"""All SQL of OAuth clients: one module a table."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
