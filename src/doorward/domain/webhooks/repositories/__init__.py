"""All SQL of webhooks: endpoints, their health, and their messages."""

from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
