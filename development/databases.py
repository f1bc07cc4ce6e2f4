"""The databases that `inv backup`, `inv restore` and `inv psql` can use, and the choice between them."""

import contextlib
import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from development.arguments import one_of
from development.environment import KEY_FILE, is_set
from development.postgres import POSTGRES_BIN_PATH, EmbeddedPostgres
from doorward.settings.config import load_settings

DEVELOPMENT_DATA: Final = Path(".development/postgres")
COMPOSE: Final = ("docker", "compose", "--project-directory", ".", "-f", "docker/compose.yaml")
VOLUME: Final = "postgres-data"
LINES_BEFORE_START: Final = """\
  doorward migrate
  doorward end-all-sessions --yes"""


class TaskError(Exception):
    """A task failed. The message names the cause and the remedy."""


class Which(StrEnum):
    """The name of a database on the command line."""

    URL = "url"
    UP = "up"
    DEV = "dev"


class ComposeState(StrEnum):
    """The state of the containers of `inv up` in this folder."""

    RUNNING = "running"
    STOPPED = "stopped"
    ABSENT = "absent"


NAMES: Final = {
    Which.URL: "the database that DATABASE_URL names",
    Which.UP: "the database of `inv up`",
    Which.DEV: "the database of `inv dev`",
}
START: Final = f"{' '.join(COMPOSE)} up --detach --wait postgres"


def which(text: str) -> Which | None:
    """Parse the option --database, or return ``None`` if it is empty; exit with a message if it is not valid."""
    return Which(one_of("--database", text, list(Which))) if text else None


def choose(named: Which | None, *, has_url: bool, compose: ComposeState, has_development: bool) -> Which:
    """Choose the database of a command. Raises ``TaskError``.

    The database of `inv dev` never replaces a stopped one of `inv up`: a restore would overwrite the wrong database,
    and a backup would contain the wrong one.
    """
    available = {Which.URL: has_url, Which.UP: compose is ComposeState.RUNNING, Which.DEV: has_development}
    chosen = named or next((each for each in Which if available[each]), None)
    is_of_compose = chosen is Which.UP or (named is None and chosen is not Which.URL)
    if is_of_compose and compose is ComposeState.STOPPED:
        otherwise = "" if named else ". If you mean the one of `inv dev`: --database dev"
        raise TaskError(f"{NAMES[Which.UP]} does not run. Start it: {START}{otherwise}")
    if chosen is None:
        raise TaskError("there is no database: set DATABASE_URL, or start inv up or inv dev once")
    if not available[chosen]:
        raise TaskError(f"there is none that would be {NAMES[chosen]}. Leave --database out, or name another")
    return chosen


class Database(ABC):
    """A database, and how PostgreSQL's client programs reach it."""

    name: str

    @abstractmethod
    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs one program on the database, and the environment of that command."""

    def run(self, program: str, *arguments: str, stdin: IO[bytes] | None = None, stdout: int = subprocess.PIPE) -> str:
        """Run one program on the database; return its captured output. Raises ``TaskError``."""
        command, environment = self.command(program, *arguments, at_terminal=False)
        return _output(command, stdin, stdout, environment)

    def ask(self, query: str) -> list[str]:
        """Return the rows of a query that has one column."""
        return self.run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query).split()

    def is_in_use(self) -> bool:
        """Return whether the service is known to use the database."""
        return False

    def lines_before_start(self) -> str:
        """Return the shell commands that a restored database needs before the service starts."""
        return LINES_BEFORE_START


class AtUrl(Database):
    """A database at a connection URL, reached with the embedded PostgreSQL's programs."""

    def __init__(self, name: str, url: str) -> None:
        """Take a display name and the URL. The password goes into the environment: other users can see arguments."""
        self.name = name
        parameters = conninfo_to_dict(url)
        password = parameters.pop("password", None)
        self._environment = {"PGPASSWORD": str(password)} if password else {}
        self._target = f"--dbname={make_conninfo('', **parameters)}"

    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs the program on this machine."""
        del at_terminal
        command = [str(POSTGRES_BIN_PATH / program), *_on(self._target, arguments), *arguments]
        return command, {**os.environ, **self._environment}


class InCompose(Database):
    """The database in the container of `inv up`, reached with the container's own programs."""

    name = NAMES[Which.UP]

    def command(self, program: str, *arguments: str, at_terminal: bool = True) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs the program in the PostgreSQL container, as the owner of the database."""
        target = " ".join(_on('--username="$SERVICE_USER" --dbname="$POSTGRES_DB"', arguments))
        script = f'exec {program} {target} "$@"'
        options = [] if at_terminal and sys.stdin.isatty() else ["-T"]
        return [*COMPOSE, "exec", *options, "postgres", "sh", "-c", script, program, *arguments], _environment()

    def is_in_use(self) -> bool:
        """Return whether a container of the service runs."""
        return bool(_ask_compose("ps", "--quiet", "--status", "running", "service"))

    def lines_before_start(self) -> str:
        """Return the commands as Compose runs them."""
        files = " -f docker/compose.secrets.yaml" if is_set(KEY_FILE) else ""
        return LINES_BEFORE_START.replace("doorward", f"{' '.join(COMPOSE)}{files} run --rm --no-deps service")


def _on(target: str, arguments: tuple[str, ...]) -> list[str]:
    """Return the database argument, unless the command only lists a file."""
    return [] if "--list" in arguments else [target]


def _output(command: list[str], stdin: IO[bytes] | None, stdout: int, environment: dict[str, str]) -> str:
    source = stdin or subprocess.DEVNULL
    finished = subprocess.run(
        command, check=False, stdin=source, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )
    if finished.returncode != 0:
        raise TaskError(finished.stderr.decode(errors="replace").strip())
    return (finished.stdout or b"").decode()


@contextlib.contextmanager
def chosen_database(named: Which | None = None) -> Iterator[Database]:
    """Yield the named database, else the one that ``choose`` selects here. Raises ``TaskError``."""
    os.environ.setdefault("ENVIRONMENT", "development")
    url = load_settings().database.database_url
    # Run Compose only if its state affects the choice.
    compose = ComposeState.ABSENT if url is not None and named is not Which.UP else compose_state()
    match choose(named, has_url=url is not None, compose=compose, has_development=DEVELOPMENT_DATA.exists()):
        case Which.URL:
            assert url is not None  # noqa: S101 - `choose` got has_url
            yield AtUrl(NAMES[Which.URL], url.get_secret_value())
        case Which.UP:
            yield InCompose()
        case Which.DEV:
            with EmbeddedPostgres.at(DEVELOPMENT_DATA) as development_url:
                yield AtUrl(NAMES[Which.DEV], development_url)


def compose_state() -> ComposeState:
    """Return the state of `inv up`: PostgreSQL runs; it ran before and left data or a password; or neither."""
    if _ask_compose("ps", "--quiet", "--status", "running", "postgres"):
        return ComposeState.RUNNING
    # A stopped Docker engine cannot list volumes, but `inv up` has left a password.
    has_run = is_set("POSTGRES_PASSWORD") or _has_volume()
    return ComposeState.STOPPED if has_run else ComposeState.ABSENT


def _has_volume() -> bool:
    described = _ask_compose("config", "--format", "json")
    if not described:
        return False
    volume = json.loads(described)["volumes"][VOLUME]["name"]
    return subprocess.run(["docker", "volume", "inspect", volume], check=False, capture_output=True).returncode == 0


def _ask_compose(*arguments: str) -> str:
    """Return the output of Compose, or an empty string if it fails or is not installed."""
    command = [*COMPOSE, *arguments]
    try:
        found = subprocess.run(command, check=False, capture_output=True, text=True, env=_environment())
    except FileNotFoundError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _environment() -> dict[str, str]:
    # Compose rejects its file without a password, which only the start of PostgreSQL uses. The variable would override
    # `.env`, so it is set only if `.env` lacks it.
    unset = {} if is_set("POSTGRES_PASSWORD") else {"POSTGRES_PASSWORD": "unused"}
    return {**unset, **os.environ}
