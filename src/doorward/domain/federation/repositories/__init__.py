"""The SQL of this domain, one module per table."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
