"""PostgreSQL's session settings that change answers: the same on each connection.

A database, a role, the environment (``PGDATESTYLE``) and a connection pooler can each set them. So each connection
requests its settings at its start, compares the actual values, sets those that differ, and is refused if that fails.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from doorward.core.frozen import frozen
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts

_STARTUP: Final = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "array_nulls": "on",
    "default_transaction_isolation": "read committed",
    "row_security": "on",
    "exit_on_error": "off",
    "gin_fuzzy_search_limit": "0",
}
"""Sent with the connection attempt. Every supported version of PostgreSQL has them, and every role may set them."""

_COMPARED: Final = {
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "synchronous_commit": "on",
    "session_replication_role": "origin",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "log_parameter_max_length_on_error": "0",
}
"""Compared but not requested: some roles may not set them, some versions lack them, or other values are right, too."""

_ALSO_RIGHT: Final[Mapping[str, frozenset[str]]] = {
    "TimeZone": frozenset({"Etc/UTC"}),
    # Only `off` loses commits when PostgreSQL crashes. The others differ in what they wait for at standbys.
    "synchronous_commit": frozenset({"local", "remote_write", "remote_apply"}),
}
_REQUESTED: Final = re.compile(r"-c\s*((?:\\.|[^\s\\])+)")


class UnsuitableDatabaseError(psycopg.OperationalError):
    """The session's settings are wrong and cannot be set. The message is one line with the cause and the remedy."""


def startup_options(schema: str, timeouts: Timeouts = TIMEOUTS) -> str:
    """Return libpq's ``options`` for a session whose tables are in ``schema``."""
    # pg_temp last: temporary tables would otherwise be found before all others.
    wanted = {**_STARTUP, **timeouts.of_session(), "search_path": f'"{schema}", pg_temp'}
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in wanted.items())


@frozen
class _Session:
    """The actual state of a new session. ``is_read_only`` is also true on a standby."""

    settings: Mapping[str, str | None]
    server_process: int | None
    is_read_only: bool


async def enforce_settings(connection: AsyncConnection[Any]) -> bool:
    """Compare the session's settings with the wanted ones, set those that differ; return whether it refuses writes.

    The wanted settings are those of ``startup_options`` and those that are only compared. A connection that
    requested no settings is left unchanged. Behind a pooler nothing is set, because the next statement may run in
    another session of PostgreSQL. The connection must be in autocommit. Raises ``UnsuitableDatabaseError``.
    """
    wanted = wanted_settings(connection.info.get_parameters().get("options", ""))
    if not wanted:
        return False
    session = await _read(connection, wanted)
    # A pooler sends an invented process id.
    is_direct = session.server_process == connection.info.backend_pid
    if is_direct and (wrong := wrong_settings(wanted, session.settings)):
        try:
            await _write(connection, {name: wanted[name] for name in wrong})
            session = await _read(connection, wanted)
        except psycopg.Error as error:
            raise UnsuitableDatabaseError(_refusal(wrong, wanted, is_direct=True)) from error
    if wrong := wrong_settings(wanted, session.settings):
        raise UnsuitableDatabaseError(_refusal(wrong, wanted, is_direct=is_direct))
    return session.is_read_only


def wanted_settings(options: str) -> dict[str, str]:
    """Return the settings that a session started with these ``options`` must have; none if it requested none."""
    requests = [re.sub(r"\\(.)", r"\1", request).partition("=") for request in _REQUESTED.findall(options)]
    names = {"search_path", *_STARTUP, *TIMEOUTS.of_session()}
    wanted = {name: value for name, _, value in requests if name in names}
    return {**wanted, **_COMPARED} if wanted else {}


def wrong_settings(wanted: Mapping[str, str], found: Mapping[str, str | None]) -> dict[str, str]:
    """Return the settings that differ, with their actual values. PostgreSQL lacks those that were found as None."""
    return {
        name: value
        for name, value in found.items()
        if value is not None
        and _plain(value) not in {_plain(right) for right in (wanted[name], *_ALSO_RIGHT.get(name, ()))}
    }


async def _read(connection: AsyncConnection[Any], wanted: Mapping[str, str]) -> _Session:
    # Schemas are named because the search path may be one of the wrong settings.
    cursor = AsyncCursor(connection)
    await cursor.execute(
        """
        SELECT
            name,
            pg_catalog.current_setting(name, true),
            pg_catalog.pg_backend_pid(),
            pg_catalog.current_setting('transaction_read_only')
        FROM pg_catalog.unnest(%(names)s::pg_catalog.text[]) AS name
        """,
        {"names": list(wanted)},
        prepare=False,
    )
    rows = await cursor.fetchall()
    _, _, server_process, read_only = rows[0]
    return _Session({row[0]: row[1] for row in rows}, server_process, read_only == "on")


async def _write(connection: AsyncConnection[Any], settings: Mapping[str, str]) -> None:
    await AsyncCursor(connection).execute(
        """
        SELECT pg_catalog.set_config(name, value, false)
        FROM ROWS FROM (
            pg_catalog.unnest(%(names)s::pg_catalog.text[]),
            pg_catalog.unnest(%(values)s::pg_catalog.text[])
        ) AS wanted (name, value)
        """,
        {"names": list(settings), "values": list(settings.values())},
        prepare=False,
    )


def _refusal(wrong: Mapping[str, str], wanted: Mapping[str, str], *, is_direct: bool) -> str:
    if "server_encoding" in wrong:
        return (
            f"the database's encoding is {wrong['server_encoding']}, needed UTF8. "
            "Make another database with ENCODING 'UTF8' TEMPLATE template0, and move the data there"
        )
    differences = ", ".join(f"{name} is '{value}', needed '{wanted[name]}'" for name, value in wrong.items())
    if is_direct:
        remedy = f"Undo it with ALTER DATABASE or ALTER ROLE ... RESET {next(iter(wrong))}"
    else:
        remedy = "A connection pooler is in between: set them in its connect_query, see docs/pgbouncer.md"
    return f"the session's settings are wrong: {differences}. {remedy}"


def _plain(value: str) -> str:
    """Return a value in lower case, without quotes and spaces: different spellings of one value become equal."""
    return value.replace('"', "").replace(" ", "").lower()


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
