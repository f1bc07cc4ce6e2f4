"""The settings that ALTER DATABASE may change, with extreme values for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

OTHER_ROLE: Final = "doorward_other_role"
OTHER_SCHEMA: Final = "captured"
"""A schema with tables of the same names, on which the service's role has privileges."""

_TEXTS: Final[Mapping[str, Sequence[str]]] = {
    "DateStyle": ("German, DMY", "SQL, DMY", "Postgres, MDY", "ISO, DMY"),
    "TimeZone": ("Pacific/Kiritimati", "America/St_Johns"),
    "client_encoding": ("LATIN1", "SQL_ASCII", "EUC_JP"),
    "search_path": (f"{OTHER_SCHEMA}, public", "", "pg_temp, public", OTHER_SCHEMA),
    "default_text_search_config": ("pg_catalog.turkish", "pg_catalog.simple"),
    "timezone_abbreviations": ("India",),
    "createrole_self_grant": ("set, inherit",),
    "restrict_nonsystem_relation_kind": ("view, foreign-table",),
    "wal_consistency_checking": ("all",),
    "lc_messages": ("C",),
    "lc_monetary": ("C",),
    "lc_numeric": ("C",),
    "lc_time": ("C",),
}
_OTHER_TEXTS: Final = ("", "nowhere")


@dataclass(frozen=True, slots=True)
class Change:
    """A setting of the database, and a value for it."""

    name: str
    value: str

    def __str__(self) -> str:
        """Return the change in SQL notation."""
        return f"{self.name} = '{self.value}'"


def list_changes(connection: psycopg.Connection[Any]) -> list[Change]:
    """Return each setting that a role or a superuser may change, with each of its extreme values."""
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(
        """
        SELECT name, vartype, setting, min_val, max_val, enumvals
        FROM pg_settings
        WHERE context IN ('user', 'superuser')
        ORDER BY name
        """
    )
    changes = [Change(row["name"], value) for row in cursor for value in _extremes(row)]
    # The view pg_settings does not list this setting.
    return [*changes, Change("role", OTHER_ROLE)]


def _extremes(row: Mapping[str, Any]) -> Sequence[str]:
    name, present = row["name"], row["setting"]
    match row["vartype"]:
        case "bool":
            return ("off",) if present == "on" else ("on",)
        case "enum":
            return [value for value in row["enumvals"] if value != present]
        case "string":
            return _TEXTS.get(name, _OTHER_TEXTS)
        case "integer" if name.endswith("_timeout"):
            # The minimum means "no limit".
            return (row["min_val"], "1", row["max_val"])
        case _:
            return (row["min_val"], row["max_val"])


def apply(connection: psycopg.Connection[Any], database: str, changes: Sequence[Change]) -> list[Change]:
    """Reset the database's settings and apply these changes; return those that PostgreSQL accepted."""
    name = sql.Identifier(database)
    connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))
    accepted = []
    for change in changes:
        statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.Identifier(change.name), _value(change))
        try:
            connection.execute(statement)
        except psycopg.Error:
            # The setting is unknown to this version, or the value is not possible on this machine.
            continue
        accepted.append(change)
    return accepted


def _value(change: Change) -> sql.Composable:
    if change.name == "search_path" and change.value:
        return sql.SQL(", ").join(map(sql.Identifier, change.value.split(", ")))
    return sql.Literal(change.value)
