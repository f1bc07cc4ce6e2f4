"""PgBouncer's configuration: the one that docs/deployment.md shows."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "deployment.md"


def documented_configuration() -> str:
    """Return the page's pgbouncer.ini."""
    found = re.search(r"```ini\n(\[databases\].*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def pgbouncer_configuration(server: str, settings: Sequence[str]) -> str:
    """Return it for all databases of a server, small, and with these settings besides; a later one wins.

    In settings, ``{server}`` is the server.
    """
    configuration = documented_configuration().replace("doorward = host=db.internal", f"* = {server}")
    return "\n".join([configuration, "unix_socket_dir =", "default_pool_size = 4", *settings, ""]).replace(
        "{server}", server
    )
