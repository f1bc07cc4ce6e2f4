"""`inv backup` and `inv restore`: dump the whole database to a file and restore it, wherever the database runs."""

import argparse
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from development.arguments import exit_with
from development.databases import COMPOSE, Database, TaskError, chosen_database, which
from development.postgres import PostgresError
from doorward.settings.config import SettingsError

BACKUPS: Final = Path("backups")
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
SCHEMAS_WITH_USERS: Final = "SELECT quote_ident(schemaname) FROM pg_tables WHERE tablename = 'users'"
HAS_USERS: Final = "SELECT EXISTS (SELECT FROM {schema}.users)"
TABLE_OF_LIST: Final = re.compile(r"^\d+; \d+ \d+ TABLE \S+ (\S+) ", re.MULTILINE)
"""Matches a table in the output of `pg_restore --list`."""

SIGNATURE: Final = b"PGDMP"
"""The first bytes of the files that `pg_dump --format=custom` writes."""

STOP: Final = f"{' '.join(COMPOSE)} stop service"
AFTERWARDS: Final = """\
Sessions are as they were then: ended ones would live again. Before the service starts:"""


def back_up(database: Database, file: Path) -> None:
    """Dump the whole database to a new file that only its owner can read; remove the file if that fails."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise TaskError(f"{file} exists. Choose another name") from error
    except OSError as error:
        raise TaskError(f"{file} cannot be written: {error.strerror}. Choose another name with --file") from error
    with os.fdopen(descriptor, "wb") as output:
        try:
            database.run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=output.fileno())
        except TaskError:
            file.unlink()
            raise


def restore(database: Database, file: Path, *, overwrite: bool) -> None:
    """Replace the content of the database by that of the file, in one transaction."""
    try:
        with file.open("rb") as backup:
            is_backup = backup.read(len(SIGNATURE)) == SIGNATURE
        if not is_backup:
            raise TaskError(f"{file} is not a backup: `inv backup` writes them. Name one of those")
        with file.open("rb") as backup:
            kept = set(TABLE_OF_LIST.findall(database.run("pg_restore", "--list", stdin=backup)))
    except FileNotFoundError as error:
        raise TaskError(f"there is no file {file}") from error
    except OSError as error:
        raise TaskError(f"{file} cannot be read: {error.strerror}. Name a file that `inv backup` wrote") from error
    present = set(database.ask(TABLES))
    if strangers := present - kept:
        raise TaskError(
            f"{database.name} has tables that the backup lacks: {', '.join(sorted(strangers))}. "
            "They are of a newer version or of another application: restore into an empty database"
        )
    if database.is_in_use():
        raise TaskError(f"the service uses {database.name}. Stop it first, and nothing else: {STOP}")
    with_users = database.ask(SCHEMAS_WITH_USERS)
    if any(database.ask(HAS_USERS.format(schema=schema)) == ["t"] for schema in with_users) and not overwrite:
        raise TaskError(f"{database.name} has accounts, which would be lost. To lose them: --yes")
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
    """Run the chosen command; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["backup", "restore"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    try:
        with chosen_database(which(options.database)) as database:
            if options.command == "backup":
                file = options.file or BACKUPS / f"doorward-{datetime.now(UTC):%Y%m%d-%H%M%S}.dump"
                back_up(database, file)
                print(f"inv backup: {database.name} is in {file}")
            elif options.file is None:
                raise TaskError("name the file: --file backups/...")  # noqa: TRY301 - one place reports
            else:
                restore(database, options.file, overwrite=options.yes)
                print(f"inv restore: {database.name} is as {options.file} has it\n{AFTERWARDS}")
                print(database.lines_before_start())
    except SettingsError as error:
        print("\n".join(f"inv {options.command}: {problem}" for problem in error.problems), file=sys.stderr)
        return 1
    except (TaskError, PostgresError) as error:
        print(f"inv {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
