"""`inv backup` and `inv restore`: the whole database to a file and back, wherever it runs."""

import argparse
import contextlib
import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from development.arguments import exit_with
from development.postgres import POSTGRES_BIN_PATH, EmbeddedPostgres, PostgresError
from doorward.settings.config import SettingsError, load_settings

BACKUPS: Final = Path("backups")
DEVELOPMENT_DATA: Final = Path(".development/postgres")
COMPOSE: Final = ("docker", "compose", "--project-directory", ".", "-f", "docker/compose.yaml")
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
SCHEMAS_WITH_USERS: Final = "SELECT quote_ident(schemaname) FROM pg_tables WHERE tablename = 'users'"
HAS_USERS: Final = "SELECT EXISTS (SELECT FROM {schema}.users)"
TABLE_OF_LIST: Final = re.compile(r"^\d+; \d+ \d+ TABLE \S+ (\S+) ", re.MULTILINE)
"""A table that a backup holds, as `pg_restore --list` names it."""

SIGNATURE: Final = b"PGDMP"
"""The first bytes of what `pg_dump --format=custom` writes."""

AFTERWARDS: Final = """\
Sessions are as they were then: ended ones would live again. Before the service starts:
  doorward migrate
  doorward revoke-all --yes"""


class BackupError(Exception):
    """The command cannot do its work. The message names the cause and the remedy."""


class Database(ABC):
    """Where a database is, and how PostgreSQL's own programs reach it."""

    name: str

    @abstractmethod
    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs one program on it, and the environment of that command."""

    def run(self, program: str, *arguments: str, stdin: IO[bytes] | None = None, stdout: int = subprocess.PIPE) -> str:
        """Run one program on it; return what it wrote, unless that went elsewhere. Raises ``BackupError``."""
        command, environment = self.command(program, *arguments, at_terminal=False)
        return _output(command, stdin, stdout, environment)

    def ask(self, query: str) -> list[str]:
        """Return the rows of a query with one column."""
        return self.run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query).split()


class AtUrl(Database):
    """At a connection URL, with the embedded PostgreSQL's programs."""

    def __init__(self, name: str, url: str) -> None:
        """Take what to call it, and its URL. The password goes by the environment: others see arguments."""
        self.name = name
        parameters = conninfo_to_dict(url)
        password = parameters.pop("password", None)
        self._environment = {"PGPASSWORD": str(password)} if password else {}
        self._target = f"--dbname={make_conninfo('', **parameters)}"

    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command for this machine."""
        del at_terminal
        command = [str(POSTGRES_BIN_PATH / program), *_on(self._target, arguments), *arguments]
        return command, {**os.environ, **self._environment}


class InCompose(Database):
    """In the container of `inv up`, with the container's own programs."""

    name = "the database of `inv up`"

    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs it beside the server, as the role that owns the database."""
        target = " ".join(_on('--username="$SERVICE_USER" --dbname="$POSTGRES_DB"', arguments))
        script = f'exec {program} {target} "$@"'
        options = [] if at_terminal and sys.stdin.isatty() else ["-T"]
        return [*COMPOSE, "exec", *options, "postgres", "sh", "-c", script, program, *arguments], {**os.environ}


def _on(target: str, arguments: tuple[str, ...]) -> list[str]:
    """Name the database, unless only a file is asked about."""
    return [] if "--list" in arguments else [target]


def _output(command: list[str], stdin: IO[bytes] | None, stdout: int, environment: dict[str, str]) -> str:
    source = stdin or subprocess.DEVNULL
    finished = subprocess.run(
        command, check=False, stdin=source, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )
    if finished.returncode != 0:
        raise BackupError(finished.stderr.decode(errors="replace").strip())
    return (finished.stdout or b"").decode()


@contextlib.contextmanager
def chosen_database() -> Iterator[Database]:
    """Yield the database of DATABASE_URL, else that of `inv up` when it runs, else that of `inv dev`."""
    os.environ.setdefault("ENVIRONMENT", "development")
    url = load_settings().database.database_url
    if url is not None:
        yield AtUrl("the database that DATABASE_URL names", url.get_secret_value())
    elif _compose_runs():
        yield InCompose()
    elif DEVELOPMENT_DATA.exists():
        with EmbeddedPostgres.at(DEVELOPMENT_DATA) as development_url:
            yield AtUrl("the database of `inv dev`", development_url)
    else:
        raise BackupError("there is no database: set DATABASE_URL, or start inv up or inv dev once")


def _compose_runs() -> bool:
    command = [*COMPOSE, "ps", "--quiet", "--status", "running", "postgres"]
    # Compose refuses its file without it; it is not used to look.
    stand_in = dict.fromkeys(["POSTGRES_PASSWORD"], "unused")
    try:
        found = subprocess.run(command, check=False, capture_output=True, text=True, env={**stand_in, **os.environ})
    except FileNotFoundError:
        return False
    return bool(found.stdout.strip())


def back_up(database: Database, file: Path) -> None:
    """Write the whole database to a new file that only its owner can read; leave none when that fails."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BackupError(f"{file} exists. Choose another name") from error
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}. Choose another name with --file") from error
    with os.fdopen(descriptor, "wb") as output:
        try:
            database.run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=output.fileno())
        except BackupError:
            file.unlink()
            raise


def restore(database: Database, file: Path, *, overwrite: bool) -> None:
    """Replace what the database holds by what the file holds, in one transaction."""
    try:
        with file.open("rb") as backup:
            is_backup = backup.read(len(SIGNATURE)) == SIGNATURE
        if not is_backup:
            raise BackupError(f"{file} is not a backup: `inv backup` writes them. Name one of those")
        with file.open("rb") as backup:
            kept = set(TABLE_OF_LIST.findall(database.run("pg_restore", "--list", stdin=backup)))
    except FileNotFoundError as error:
        raise BackupError(f"there is no file {file}") from error
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}. Name a file that `inv backup` wrote") from error
    present = set(database.ask(TABLES))
    if strangers := present - kept:
        raise BackupError(
            f"{database.name} has tables that the backup lacks: {', '.join(sorted(strangers))}. "
            "They are of a newer version or of another application: restore into an empty database"
        )
    with_users = database.ask(SCHEMAS_WITH_USERS)
    if any(database.ask(HAS_USERS.format(schema=schema)) == ["t"] for schema in with_users) and not overwrite:
        raise BackupError(f"{database.name} has accounts, which would be lost. To lose them: --yes")
    with file.open("rb") as backup:
        database.run(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            stdin=backup,
        )


def main() -> int:
    """Run one of the two; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["backup", "restore"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--yes", action="store_true")
    options = parser.parse_args()
    try:
        with chosen_database() as database:
            if options.command == "backup":
                file = options.file or BACKUPS / f"doorward-{datetime.now(UTC):%Y%m%d-%H%M%S}.dump"
                back_up(database, file)
                print(f"inv backup: {database.name} is in {file}")
            elif options.file is None:
                raise BackupError("name the file: --file backups/...")  # noqa: TRY301 - one place reports
            else:
                restore(database, options.file, overwrite=options.yes)
                print(f"inv restore: {database.name} is as {options.file} has it\n{AFTERWARDS}")
    except SettingsError as error:
        print("\n".join(f"inv {options.command}: {problem}" for problem in error.problems), file=sys.stderr)
        return 1
    except (BackupError, PostgresError) as error:
        print(f"inv {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
