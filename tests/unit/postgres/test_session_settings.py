"""The settings of a session: those that are requested, and values that differ from them."""

import re

import pytest

from doorward.infrastructure.postgres.session_settings import startup_options, wanted_settings, wrong_settings
from tests.e2e.pgbouncer import documented_configuration

PGBOUNCER_BYTES = 500
"""PgBouncer closes its connection when its ``connect_query`` is longer than this."""

LONGEST_NAME = "s" * 63


def pooler_query(schema: str) -> str:
    """Return the ``connect_query`` with which PgBouncer gives each of its sessions the settings of a direct one."""
    options = re.findall(r"-c (\w+)=((?:\\.|\S)+)", startup_options(schema))
    settings = {name: re.sub(r"\\(.)", r"\1", value) for name, value in options if name != "search_path"}
    statements = [f"SET {name}={_literal(value)}" for name, value in settings.items()]
    return "; ".join([*statements, f"SET search_path={schema},pg_temp"])


def _literal(value: str) -> str:
    """Return a value as SET accepts it: numbers and single words need no quotes."""
    return value if value.isdigit() or value.isalpha() else f"'{value}'"


def test_the_documented_query_of_pgbouncer_is_that_of_the_code() -> None:
    assert f"connect_query='{pooler_query('public').replace(chr(39), chr(39) * 2)}'\n" in documented_configuration()


def test_pgbouncer_can_send_the_query_for_any_schema() -> None:
    assert len(pooler_query(LONGEST_NAME)) < PGBOUNCER_BYTES


def test_the_query_of_pgbouncer_has_all_settings_of_a_direct_connection() -> None:
    requested = [option.partition("=")[0] for option in startup_options("public").split("-c ")[1:]]
    assert [f"SET {name}=" in pooler_query("public") for name in requested] == [True] * len(requested)


def test_wanted_settings_keep_their_spaces() -> None:
    wanted = wanted_settings(startup_options("doorward"))
    assert (wanted["DateStyle"], wanted["search_path"]) == ("ISO, MDY", '"doorward", pg_temp')
    assert wanted["server_encoding"] == "UTF8"


def test_the_services_settings_override_those_of_the_url() -> None:
    assert wanted_settings(f"-c DateStyle=German {startup_options('public')}")["DateStyle"] == "ISO, MDY"


@pytest.mark.parametrize("options", ["", "-c work_mem=7MB", "-cgeqo=off"])
def test_a_connection_that_requests_none_of_them_has_no_wanted_settings(options: str) -> None:
    assert wanted_settings(options) == {}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("search_path", "public, pg_temp"),
        ("search_path", "public,pg_temp"),
        ("TimeZone", "Etc/UTC"),
        ("synchronous_commit", "remote_apply"),
        ("transaction_timeout", None),
    ],
)
def test_another_spelling_or_a_setting_that_this_version_lacks_is_not_wrong(name: str, found: str | None) -> None:
    assert wrong_settings(wanted_settings(startup_options("public")), {name: found}) == {}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("search_path", '"$user", public'),
        ("search_path", "pg_temp, public"),
        ("TimeZone", "Europe/Berlin"),
        ("synchronous_commit", "off"),
        ("server_encoding", "SQL_ASCII"),
        ("statement_timeout", "0"),
        ("DateStyle", "ISO, DMY"),
    ],
)
def test_a_different_value_is_wrong(name: str, found: str) -> None:
    assert wrong_settings(wanted_settings(startup_options("public")), {name: found}) == {name: found}
