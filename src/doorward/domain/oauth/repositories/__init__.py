"""All SQL of OAuth clients: one module per table."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
