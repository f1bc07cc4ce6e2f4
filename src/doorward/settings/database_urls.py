"""Explain why libpq cannot parse a PostgreSQL URL, without repeating the URL."""

import re
from typing import Final
from urllib.parse import parse_qsl

_LONE_PERCENT_SIGN: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")

_SCHEMA: Final = "remove it, and set DB_SCHEMA"
_POOL: Final = "remove it; DB_POOL_MAX_CONN sets the size of the pool"
FOREIGN_PARAMETERS: Final = {
    "schema": _SCHEMA,
    "currentschema": _SCHEMA,
    "search_path": _SCHEMA,
    "ssl": "write sslmode=require instead, or sslmode=verify-full to verify the server's name, too",
    "tls": "write sslmode=require instead, or sslmode=verify-full to verify the server's name, too",
    "sslaccept": "write sslmode=verify-full instead",
    "pgbouncer": "remove it; DB_PREPARE_THRESHOLD=0 is for poolers that lose prepared statements",
    "statement_cache_size": "remove it; DB_PREPARE_THRESHOLD=0 is for poolers that lose prepared statements",
    "prepared_statement_cache_size": "remove it; DB_PREPARE_THRESHOLD=0 is for poolers that lose prepared statements",
    "connection_limit": _POOL,
    "pool_size": _POOL,
    "max_overflow": _POOL,
    "pool_timeout": "remove it",
    "charset": "remove it; the encoding is always UTF-8",
    "encoding": "remove it; the encoding is always UTF-8",
    "timezone": "remove it; the time zone is always UTC",
    "driver": "remove it",
}
"""URL parameters of other libraries, with the remedy for each."""


def problem_with_database_url(url: str) -> str | None:
    """Return why libpq cannot parse the URL, as the rest of a sentence, or None if it can.

    Only parameter names of this module are repeated: part of an unencoded password may look like a parameter.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        return "must begin with postgresql://"
    if _LONE_PERCENT_SIGN.search(url):
        return "has a % that begins no escape; write a % that is part of a name or a password as %25"
    for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if remedy := FOREIGN_PARAMETERS.get(name.lower()):
            return f"has the parameter {name.lower()}, which PostgreSQL's library does not know: {remedy}"
    return None
