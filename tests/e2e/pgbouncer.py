"""The PgBouncer configuration of docs/pgbouncer.md, and databases behind it."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.e2e.stack import Stack

PAGE: Final = Path(__file__).parents[2] / "docs" / "pgbouncer.md"


def documented_configuration() -> str:
    """Return the page's pgbouncer.ini."""
    found = re.search(r"```ini\n(\[databases\].*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def pgbouncer_configuration(server: str, settings: Sequence[str]) -> str:
    """Return the configuration for all databases of a server, with small pools; these settings override others.

    In settings, ``{server}`` is replaced by the server.
    """
    configuration = documented_configuration().replace("doorward = host=db.internal", f"* = {server}")
    return "\n".join([configuration, "unix_socket_dir =", "default_pool_size = 4", *settings, ""]).replace(
        "{server}", server
    )


@contextlib.contextmanager
def behind_pgbouncer(stack: "Stack", database: str, settings: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the settings of a service on an empty database behind PgBouncer; drop the database afterwards."""
    stack.sql(f"CREATE DATABASE {database}")
    try:
        with stack.pgbouncer(settings) as pooler:
            host, _, port = pooler.address().rpartition(":")
            yield {"POSTGRES_HOST": host, "POSTGRES_PORT": port, "POSTGRES_DB": database}
    finally:
        stack.sql(f"DROP DATABASE {database} WITH (FORCE)")


def change_database(stack: "Stack", database: str, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        stack.sql(f"ALTER DATABASE {database} SET {name} = '{value}'")
