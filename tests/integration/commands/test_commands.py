"""The doorward command: its output, and the one line for each reason why it does not start."""

import errno
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from dotenv import dotenv_values
from psycopg import sql

from development.postgres import EmbeddedPostgres
from doorward.commands.errors import CommandError
from doorward.commands.main import COMMANDS, main
from doorward.commands.migrate import run_migrations
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.database import SCHEMA_VERSION
from doorward.settings.config import FIELDS, load_settings
from tests.integration.commands.refusals import refused_with_one_line

NO_ROLE = "doorward_without_rights"


@pytest.fixture(autouse=True)
def database(environment: pytest.MonkeyPatch, shared_database: str) -> None:
    environment.setenv("DATABASE_URL", shared_database)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_check_config_shows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config"]) == 0
    shown = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert set(shown) == {name.upper() for name in FIELDS}
    assert shown["BCRYPT_ROUNDS"] == "4  # environment"
    assert shown["POSTGRES_DB"] == "doorward  # default"


def test_check_config_shows_the_source_of_each_setting(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, secret_key: str
) -> None:
    (tmp_path / "password").write_text(secret_key, encoding="utf-8")
    (tmp_path / ".env").write_text("JWT_ISSUER=here\nPOSTGRES_PASSWORD_FILE=password\n", encoding="utf-8")
    assert main(["check-config"]) == 0
    written = capsys.readouterr().out
    lines = written.splitlines()
    assert "JWT_ISSUER=here  # .env" in lines
    assert "JWT_AUDIENCE=doorward  # default" in lines
    assert "ENVIRONMENT=development  # environment" in lines
    assert "SECRET_KEY=**********  # environment" in lines
    assert "POSTGRES_PASSWORD=**********  # POSTGRES_PASSWORD_FILE, password" in lines
    assert secret_key not in written


def test_the_output_of_check_config_can_be_read_as_settings(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environment.setenv("JWT_ISSUER", "https://auth.example.com")
    assert main(["check-config"]) == 0
    (tmp_path / "shown").write_text(capsys.readouterr().out, encoding="utf-8")
    shown = dotenv_values(tmp_path / "shown")
    assert (shown["JWT_ISSUER"], shown["DATABASE_URL"], shown["AWS_REGION"]) == (
        "https://auth.example.com",
        "**********",
        "",
    )


@pytest.mark.parametrize(("name", "value"), [("BACKGROUND", "off"), ("HOUSEKEEPING_INTERVAL_MINUTES", "0")])
def test_check_config_reports_that_old_data_is_not_removed(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    hint = "This service removes no old sessions and audit events"
    environment.setenv("HOUSEKEEPING_INTERVAL_MINUTES", "60")
    assert main(["check-config"]) == 0
    assert hint not in capsys.readouterr().out
    environment.setenv(name, value)
    assert main(["check-config"]) == 0
    assert f"{name}={value}  # environment. {hint}" in capsys.readouterr().out.splitlines()


def test_check_config_masks_secrets(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], secret_key: str
) -> None:
    password = secrets.token_hex(8)
    environment.setenv("DATABASE_URL", f"postgresql://ada:{password}@db.internal/doorward")
    environment.setenv("POSTGRES_PASSWORD", password)
    assert main(["check-config"]) == 0
    shown = capsys.readouterr().out
    assert password not in shown
    assert secret_key not in shown
    assert re.search(r"^SECRET_KEY=\*+  # environment$", shown, re.MULTILINE)


def test_check_config_shows_networks_as_they_are_written(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.5")
    assert main(["check-config"]) == 0
    assert "\nTRUSTED_PROXIES=10.0.0.0/8,192.168.1.5/32  # environment\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check-config", "migrate", "serve"])
def test_each_invalid_setting_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    environment.setenv("LOG_LEVEL", "loud")
    environment.setenv("WEB_CONCURRENCY", "0")
    environment.setenv("JWT_ISSUERS", "x")
    assert main([command]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert [line.split()[1] for line in lines] == ["JWT_ISSUERS", "LOG_LEVEL", "WEB_CONCURRENCY"]
    assert captured.out == ""


@pytest.mark.parametrize("command", ["check-config", "migrate", "serve"])
@pytest.mark.parametrize("url", ["postgresql://ada:se cret@db:port/x", "postgresql://ada:hidden@/x?no_such_option=1"])
def test_a_malformed_url_is_reported_without_its_value(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, url: str
) -> None:
    environment.setenv("DATABASE_URL", url)
    line = refused_with_one_line(capsys, command)
    assert "DATABASE_URL" in line
    assert "cret" not in line
    assert "hidden" not in line


def test_migrate_creates_the_tables_in_an_empty_database(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == f"doorward: the schema is at version {SCHEMA_VERSION}\n"


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_an_unreachable_database_is_reported(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, postgres: EmbeddedPostgres
) -> None:
    environment.setenv("DATABASE_URL", postgres.url("no_such_database"))
    assert "no_such_database" in refused_with_one_line(capsys, command)
    environment.setenv("DATABASE_URL", "postgresql://ada:hidden@127.0.0.1:1/doorward")
    line = refused_with_one_line(capsys, command)
    assert "PostgreSQL" in line
    assert "hidden" not in line


def test_a_failed_migration_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE users (id integer)")
    environment.setenv("DATABASE_URL", empty_database)
    line = refused_with_one_line(capsys, "migrate")
    assert line.startswith("doorward: the migration stopped: ")
    assert "already exists" in line
    assert line.endswith(". Completed versions stay. Correct the cause, and run it again")


def test_a_migration_that_waits_too_long_for_a_table_names_the_cause(
    environment: pytest.MonkeyPatch, empty_database: str
) -> None:
    migrate(empty_database, until="0001")
    environment.setenv("DATABASE_URL", empty_database)
    with psycopg.connect(empty_database) as other:
        other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="stopped: canceling statement due to lock timeout") as stopped:
            run_migrations(load_settings().database, table_wait="50ms")
    assert "DATABASE_URL" not in str(stopped.value)


def test_serving_an_empty_database_is_refused_with_the_remedy(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    line = refused_with_one_line(capsys, "serve")
    assert line == f"doorward: the schema is behind: none, needed {SCHEMA_VERSION}. Run: doorward migrate"


@pytest.mark.parametrize("found", ["0000", None])
def test_serving_an_older_schema_is_refused_with_the_remedy(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_database: str, found: str | None
) -> None:
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute("DELETE FROM doorward_schema_version")
        if found:
            connection.execute("INSERT INTO doorward_schema_version VALUES (%s)", [found])
    environment.setenv("DATABASE_URL", own_database)
    assert f"behind: {found or 'none'}, needed" in refused_with_one_line(capsys, "serve")


def test_a_role_without_privileges_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_database: str
) -> None:
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(NO_ROLE)))
    environment.setenv("DATABASE_URL", own_database.replace("postgres@", f"{quote(NO_ROLE)}@", 1))
    for command in ("serve", "migrate"):
        assert "the role may not use audit_events" in refused_with_one_line(capsys, command)


def test_a_taken_port_is_reported_in_one_line(capsys: pytest.CaptureFixture[str], taken_port: int) -> None:
    line = refused_with_one_line(capsys, "serve", "--port", str(taken_port))
    assert f"cannot listen on 127.0.0.1 port {taken_port}" in line
    assert "--port" in line


@pytest.mark.parametrize(
    "arguments", [["--host", "203.0.113.1"], ["--host", "no such host"], ["--host", "a..b"], ["--host", "2001:db8::1"]]
)
def test_an_unusable_address_is_reported_in_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert "cannot listen on" in refused_with_one_line(capsys, "serve", *arguments)


def test_an_ipv6_address_without_ipv6_support_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real_socket = socket.socket

    def without_ipv6(family: int = socket.AF_INET, *arguments: int, **options: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return real_socket(family, *arguments, **options)

    environment.setattr(socket, "socket", without_ipv6)
    assert "cannot listen on ::1 port 8000" in refused_with_one_line(capsys, "serve", "--host", "::1")


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["serve", "--port", "many"], ["serve", "--port", "65536"], ["deactivate"], ["prune", "x"]],
)
def test_wrong_arguments_show_the_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "Usage: doorward" in captured.err
    assert captured.out == ""


def test_each_command_has_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert re.search(rf"^  {command} +[A-Z].+", shown, re.MULTILINE), command
        assert main([command, "--help"]) == 0


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, EOFError])
def test_an_interrupted_command_prints_one_line_and_has_the_usual_status(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], interrupt: type[BaseException]
) -> None:
    def interrupted(_: str) -> str:
        raise interrupt

    environment.setattr(sys.stdin, "isatty", lambda: True)
    environment.setattr("builtins.input", interrupted)
    assert main(["end-all-sessions"]) == 130
    assert capsys.readouterr().err.strip() == "doorward: interrupted"
