"""docker/compose.yaml: where the key is found, that without one nothing starts, and what the database's role may do."""

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
PLAIN, WITH_KEY_FILE = ("compose.yaml",), ("compose.yaml", "compose.secrets.yaml")
COMMANDS_BESIDE_THE_SERVICE = {
    ("exec", "--no-TTY", "service", "doorward", "prune"): "doorward: removed 0 sessions",
    ("run", "--rm", "--no-TTY", "service", "deactivate", "nobody"): "There is no such user",
}
"""Both ways in which docs/operations.md runs a command, each with what it says once it has asked the database."""


class Project:
    """A folder with a `.env`, as an operator has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The files name others from the project's folder.
        (folder / "docker").symlink_to(DOCKER)
        self.password = secrets.token_urlsafe(24)
        self._name = f"doorward-test-{secrets.token_hex(4)}"

    def write(self, *lines: str) -> None:
        password = f"POSTGRES_PASSWORD={self.password}"
        (self._folder / ".env").write_text("\n".join([password, *lines]), encoding="utf-8")

    def check_config(self, files: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return self.compose(files, "run", "--rm", "--no-deps", "service", "check-config")

    def compose(self, files: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ["--project-name", self._name, "--project-directory", str(self._folder)]
        chosen = [part for file in files for part in ("--file", str(DOCKER / file))]
        # Nothing but `.env` says where the key is.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SECRET_KEY")}
        command = ["docker", "compose", *where, *chosen, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    def in_database(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the database's container: on the socket, where no password is asked for."""
        return self.compose(PLAIN, "exec", "--no-TTY", f"--env=PGPASSWORD={self.password}", "postgres", *command)

    def psql(self, role: str, query: str, *options: str) -> subprocess.CompletedProcess[str]:
        psql = ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname=doorward"]
        return self.in_database(*psql, f"--username={role}", f"--command={query}", *options)


@contextlib.contextmanager
def a_project(folder: Path) -> Iterator[Project]:
    made = Project(folder)
    yield made
    removed = made.compose(PLAIN, "down", "--volumes")
    assert removed.returncode == 0, removed.stderr


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with a_project(tmp_path) as made:
        yield made


def write_key(folder: Path) -> Path:
    key = folder / "key"
    key.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    # The image's user is neither its owner nor root.
    key.chmod(0o444)
    return key


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return write_key(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A service that runs with its key in a file."""
    folder = tmp_path_factory.mktemp("running")
    with a_project(folder) as made:
        # Port 0 is any that is free, and no other process prunes.
        made.write(f"SECRET_KEY_FILE={write_key(folder)}", "DOORWARD_PORT=0", "HOUSEKEEPING_INTERVAL_MINUTES=0")
        started = made.compose(WITH_KEY_FILE, "up", "--detach", "--wait")
        assert started.returncode == 0, started.stderr
        yield made


def test_with_the_key_in_a_file_the_commands_of_operators_work_beside_the_service(running: Project) -> None:
    for command, said in COMMANDS_BESIDE_THE_SERVICE.items():
        finished = running.compose(WITH_KEY_FILE, *command)
        assert said in finished.stdout + finished.stderr, (command, finished.stderr)


def test_the_role_of_the_service_owns_its_database_and_nothing_else(running: Project) -> None:
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
    assert running.psql("postgres", f"{rights} WHERE rolname = 'doorward'").stdout.strip() == "f|f|f|f|f"
    owners = running.psql("doorward", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners.stdout.split() == ["doorward"]
    assert "permission denied" in running.psql("doorward", "COPY (SELECT 1) TO PROGRAM 'true'").stderr


def test_the_superuser_cannot_log_in_over_the_network(running: Project) -> None:
    over_network = "--host=postgres"
    assert running.psql("doorward", "SELECT 1", over_network).stdout.strip() == "1"
    assert "password authentication failed" in running.psql("postgres", "SELECT 1", over_network).stderr
    assert running.psql("postgres", "SELECT 1").stdout.strip() == "1"


def test_the_role_of_the_service_can_back_up_and_restore(running: Project) -> None:
    options = "--clean --if-exists --no-owner --no-privileges --single-transaction --exit-on-error"
    database = "--username=doorward --dbname=doorward"
    script = f"pg_dump --format=custom {database} >/tmp/dump && pg_restore {options} {database} /tmp/dump"
    restored = running.in_database("sh", "-c", script)
    assert restored.returncode == 0, restored.stderr


def test_without_a_key_anywhere_the_service_does_not_start(project: Project) -> None:
    project.write()
    checked = project.check_config(PLAIN)
    assert checked.returncode == 1
    assert "SECRET_KEY is missing" in checked.stderr


def test_a_key_in_the_environment_file_and_in_a_file_is_refused(project: Project, key_file: Path) -> None:
    project.write(f"SECRET_KEY={secrets.token_urlsafe(48)}", f"SECRET_KEY_FILE={key_file}")
    checked = project.check_config(WITH_KEY_FILE)
    assert checked.returncode == 1
    assert "SECRET_KEY and SECRET_KEY_FILE are both set" in checked.stderr
