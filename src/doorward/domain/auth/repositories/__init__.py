"""All SQL of the auth domain: one module per topic, one function per query. The caller passes the connection."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
