"""A database that refuses writes, as a standby does."""

import psycopg
from psycopg import sql


def set_read_only(database_url: str, *, value: bool) -> None:
    """Make new sessions of a database read-only, or writable again."""
    name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                name, sql.SQL("on" if value else "off")
            )
        )
