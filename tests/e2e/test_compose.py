"""docker/compose.yaml: where the service and the commands find the key, and that without one nothing starts."""

import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
PLAIN, WITH_KEY_FILE = ("compose.yaml",), ("compose.yaml", "compose.secrets.yaml")
OPERATOR_COMMANDS = {
    ("deactivate", "nobody"): "There is no user",
    ("revoke-all", "--yes"): "doorward: ended 0 sessions",
    ("prune",): "doorward: removed 0 sessions",
}
"""Each with what it says once it has asked the database."""


class Project:
    """A folder with a `.env`, as an operator has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"doorward-test-{secrets.token_hex(4)}"

    def write(self, *lines: str) -> None:
        password = f"POSTGRES_PASSWORD={secrets.token_urlsafe(24)}"
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


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    removed = made.compose(PLAIN, "down", "--volumes")
    assert removed.returncode == 0, removed.stderr


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    key = tmp_path / "key"
    key.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    # The image's user is neither its owner nor root.
    key.chmod(0o444)
    return key


def test_the_key_may_be_in_a_file(project: Project, key_file: Path) -> None:
    project.write(f"SECRET_KEY_FILE={key_file}")
    checked = project.check_config(WITH_KEY_FILE)
    assert checked.returncode == 0, checked.stderr
    assert "SECRET_KEY=**********  # SECRET_KEY_FILE, /run/secrets/secret_key" in checked.stdout.splitlines()


def test_with_the_key_in_a_file_the_commands_of_operators_work_beside_the_service(
    project: Project, key_file: Path
) -> None:
    # Port 0 is any that is free; and nobody else prunes.
    project.write(f"SECRET_KEY_FILE={key_file}", "DOORWARD_PORT=0", "HOUSEKEEPING_INTERVAL_MINUTES=0")
    started = project.compose(WITH_KEY_FILE, "up", "--detach", "--wait")
    assert started.returncode == 0, started.stderr
    for way in (["exec", "--no-TTY", "service", "doorward"], ["run", "--rm", "--no-TTY", "service"]):
        for command, said in OPERATOR_COMMANDS.items():
            finished = project.compose(WITH_KEY_FILE, *way, *command)
            assert said in finished.stdout + finished.stderr, (way, command, finished.stderr)


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
