"""All SQL of the items domain: one function a query, called by the use cases with the connection to run it on."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
