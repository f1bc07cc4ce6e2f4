"""All SQL of webhooks: one module a table."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
