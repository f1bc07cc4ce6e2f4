"""All SQL of this domain, one module per topic."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
