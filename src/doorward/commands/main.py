"""The ``doorward`` command: parses arguments, has the work done, and reports failures in one line."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import psycopg

from doorward import __version__
from doorward.core.exceptions import DomainError, ServiceUnavailableError
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.items.models import Visibility
from doorward.infrastructure.limits.limiter import create_limiter
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import (
    SCHEMA_VERSION,
    connection_string,
    is_current,
    session_conninfo,
)
from doorward.infrastructure.postgres.session_settings import UnsuitableDatabaseError
from doorward.infrastructure.postgres.start_check import stored_schema_version
from doorward.server.listening import CannotListenError, listening
from doorward.server.serving import serve
from doorward.settings.config import Settings, SettingsError, load_settings
from doorward.wiring.log import log_as_set, report_insecure_settings
from doorward.wiring.operations import activate, deactivate, prune, revoke_all

Result = TypeVar("Result")

FAILURE: Final = 1


class StartError(Exception):
    """The command cannot do its work. The message is one line that names the cause and the remedy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace, Settings], None] = options.command
        command(options, load_settings())
    except SettingsError as error:
        for problem in error.problems:
            print(f"doorward: {problem}", file=sys.stderr)
        return FAILURE
    except (StartError, CannotListenError) as error:
        print(f"doorward: {error}", file=sys.stderr)
        return FAILURE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="doorward", description="A self-hosted authentication service.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="answer HTTP requests")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port",
        type=int,
        default=8000,
        help="port to listen on (default: %(default)s; 0: a free one, which the log names)",
    )
    serve.add_argument("--reload", action="store_true", help="start again when the code changes (development)")
    serve.set_defaults(command=_serve)
    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(command=_migrate)
    pruning = commands.add_parser("prune", help="remove sessions that ended more than SESSION_RETENTION_DAYS ago")
    pruning.set_defaults(command=_prune)
    ending = commands.add_parser("revoke-all", help="end every session: after a restore, or a leak")
    ending.add_argument("--yes", action="store_true", help="do not ask")
    ending.set_defaults(command=_revoke_all)
    barring = commands.add_parser("deactivate", help="bar a user from the service and end their sessions")
    barring.set_defaults(command=_deactivate)
    opening = commands.add_parser("activate", help="let a deactivated user log in again")
    opening.set_defaults(command=_activate)
    for each in (barring, opening):
        each.add_argument("user", metavar="USER", help="user name or e-mail address")
    check = commands.add_parser("check-config", help="show every setting and its source, secrets masked")
    check.set_defaults(command=_check_config)
    imports = commands.add_parser("import-items", help="store the items of a CSV file")
    imports.add_argument("file", type=Path, help="with a header: title,... or movieId,title,genres")
    imports.add_argument("--owner", required=True, metavar="NAME", help="user name or e-mail address of their owner")
    imports.add_argument("--visibility", choices=get_args(Visibility), default="private", help="default: %(default)s")
    imports.add_argument("--skip-bad-lines", action="store_true", help="leave bad lines out instead of storing nothing")
    imports.set_defaults(command=_import_items)
    return parser


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    log_as_set(settings)
    _require_limiter(settings)
    _require_tracing(settings)
    _require_current_schema(settings)
    with listening(options.host, options.port) as listener:
        # Of a service that starts: one that does not says why in a single line.
        report_insecure_settings(settings)
        serve(listener, settings, reload=options.reload)


def _migrate(_: argparse.Namespace, settings: Settings) -> None:
    # Alembic and SQLAlchemy are for migrations only.
    from doorward.infrastructure.migrations import migrate  # noqa: PLC0415 - the service starts faster without

    _conninfo(settings)
    try:
        stored_schema_version(settings)
        version = migrate(session_conninfo(settings))
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error
    except psycopg.Error as error:
        raise StartError(f"the migration failed and changed nothing: {_first_line(error)}") from error
    print(f"doorward: the schema is at version {version}")


def _prune(_: argparse.Namespace, settings: Settings) -> None:
    log_as_set(settings)
    _require_current_schema(settings)
    removed = _finished(prune(settings))
    if removed is None:
        print("doorward: another process is pruning; nothing was done here")
    else:
        print(f"doorward: removed {removed} sessions that ended more than {settings.session_retention_days} days ago")


def _revoke_all(options: argparse.Namespace, settings: Settings) -> None:
    if not options.yes:
        if not sys.stdin.isatty():
            raise StartError("revoke-all ends every session. To do so without being asked: doorward revoke-all --yes")
        if input("This ends every session; everybody logs in again. Type yes: ") != "yes":
            raise StartError("nothing was done")
    log_as_set(settings)
    _require_current_schema(settings)
    print(f"doorward: ended {_finished(revoke_all(settings))} sessions")


def _deactivate(options: argparse.Namespace, settings: Settings) -> None:
    log_as_set(settings)
    _require_current_schema(settings)
    count = _finished(deactivate(settings, options.user))
    # Without the name: a job's output is kept like any log.
    print(f"doorward: the user is deactivated; ended {count} sessions")


def _activate(options: argparse.Namespace, settings: Settings) -> None:
    log_as_set(settings)
    _require_current_schema(settings)
    _finished(activate(settings, options.user))
    print("doorward: the user can log in again")


def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except (ServiceUnavailableError, psycopg.Error) as error:
        raise StartError("PostgreSQL failed meanwhile. What was done until then stays so: run it again") from error
    except UserNotFoundError as error:
        raise StartError(error.detail) from error
    except ClocksDifferError as error:
        raise StartError(f"{error}: nothing was removed. Correct the one that is wrong, then run it again") from error


def _check_config(_: argparse.Namespace, settings: Settings) -> None:
    _conninfo(settings)
    _require_limiter(settings)
    _require_tracing(settings)
    for name, value in settings:
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        # As a line of .env: what follows the value is a comment there.
        print(f"{name.upper()}={'' if shown is None else shown}  # {settings.origin_of(name)}")


def _import_items(options: argparse.Namespace, settings: Settings) -> None:
    # The progress bar is for people at a shell.
    from doorward.commands.item_files import FileImport, import_items  # noqa: PLC0415 - the service starts faster without

    log_as_set(settings, level="error")
    _require_current_schema(settings)
    try:
        wanted = FileImport(options.file, options.owner, options.visibility, options.skip_bad_lines)
        result = import_items(settings, wanted)
    except OSError as error:
        raise StartError(f"cannot read {options.file}: {error.strerror}. Name a file that can be read") from error
    except DomainError as error:
        lines = [f"{flaw.place.replace('/', ' ')}: {flaw.detail}" for flaw in error.flaws]
        raise StartError("\n".join([error.detail, *lines])) from error
    for line in result.bad_lines:
        print(f"doorward: line {line.number} left out: {line.error.detail}", file=sys.stderr)
    print(f"doorward: {result.imported} items imported, {len(result.bad_lines)} lines left out")


def _require_limiter(settings: Settings) -> None:
    try:
        create_limiter(settings)
    except ImportError as error:
        raise StartError(
            "RATE_LIMIT_STORAGE_URI needs a driver that is not installed. Install doorward[redis], or use memory://"
        ) from error
    except (TypeError, ValueError) as error:
        raise StartError("RATE_LIMIT_STORAGE_URI is malformed. Example: redis://cache.internal:6379/0") from error


def _require_tracing(settings: Settings) -> None:
    if settings.traces_url is None:
        return
    try:
        import doorward.observability.tracing  # noqa: F401, PLC0415 - whether it can be is the question
    except ImportError as error:
        raise StartError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not installed. Install doorward[otel], or unset it"
        ) from error


def _conninfo(settings: Settings) -> str:
    try:
        return connection_string(settings)
    except psycopg.ProgrammingError as error:
        raise StartError(
            "DATABASE_URL is not a PostgreSQL URL. Example: postgresql://doorward:PASSWORD@db.internal:5432/doorward"
        ) from error


def _require_current_schema(settings: Settings) -> None:
    _conninfo(settings)
    try:
        found = stored_schema_version(settings)
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error
    except psycopg.Error as error:
        raise StartError(f"the schema's version cannot be read: {_first_line(error)}. Grant the role access") from error
    if not is_current(found):
        raise StartError(f"the schema is behind: {found or 'none'}, needed {SCHEMA_VERSION}. Run: doorward migrate")


def _unreachable(error: psycopg.OperationalError) -> StartError:
    if isinstance(error, UnsuitableDatabaseError):
        return StartError(str(error))
    return StartError(
        f"PostgreSQL cannot be used: {_first_line(error)}. Start it, or correct DATABASE_URL or POSTGRES_*"
    )


def _first_line(error: Exception) -> str:
    """Return a driver's message without its hints, which may repeat the connection string."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
