"""All SQL of the auth domain: one module a table, one function a query, called with the connection to run it on."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
