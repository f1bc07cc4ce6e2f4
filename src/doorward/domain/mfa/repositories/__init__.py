"""The SQL of this domain, one module a table."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
