"""A Docker Compose project like an operator's: a folder with a `.env`, and the files of docker/."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCKER: Final = ROOT / "docker"
PLAIN: Final = ("compose.yaml",)
WITH_KEY_FILE: Final = ("compose.yaml", "compose.secrets.yaml")
PORT: Final = 8080
COMMAND_SECONDS: Final = 150
"""Timeout longer than any command needs, so that a command that hangs is reported by name."""


class Project:
    """A folder with a `.env`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The files refer to others by paths relative to the project's folder.
        (folder / "docker").symlink_to(DOCKER)
        self.password = secrets.token_urlsafe(24)
        self.name = f"doorward-test-{secrets.token_hex(4)}"

    def write(self, *lines: str) -> None:
        password = f"POSTGRES_PASSWORD={self.password}"
        (self.folder / ".env").write_text("\n".join([password, *lines]), encoding="utf-8")

    @contextlib.contextmanager
    def with_setting(self, line: str) -> Iterator[None]:
        """Append a line to `.env` within the block; a later line overrides an earlier one."""
        file = self.folder / ".env"
        before = file.read_text(encoding="utf-8")
        file.write_text(f"{before}\n{line}\n", encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")

    def check_config(self, files: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return self.compose(files, "run", "--rm", "--no-deps", "service", "check-config")

    def compose(self, files: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        chosen = [part for file in files for part in ("--file", str(DOCKER / file))]
        return self._run(["docker", "compose", "--project-directory", str(self.folder), *chosen, *arguments])

    def task(self, module: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the module of an `inv` task in the folder."""
        return self._run([sys.executable, "-m", f"development.{module}", *arguments], stdin)

    def in_database(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the database's container, on the socket, which needs no password.

        Repeat it once after a timeout: the engine has failed to report the end of such a command before.
        """
        arguments = ("exec", "--no-TTY", f"--env=PGPASSWORD={self.password}", "postgres", *command)
        try:
            return self.compose(PLAIN, *arguments)
        except subprocess.TimeoutExpired:
            return self.compose(PLAIN, *arguments)

    def psql(self, role: str, query: str, *options: str) -> subprocess.CompletedProcess[str]:
        psql = ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname=doorward"]
        return self.in_database(*psql, f"--username={role}", f"--command={query}", *options)

    @property
    def base_url(self) -> str:
        """The URL at which the service is published."""
        return f"http://{self.compose(PLAIN, 'port', 'service', str(PORT)).stdout.strip()}"

    def _run(self, command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        # Only `.env` sets the location of the key.
        environment = {name: each for name, each in os.environ.items() if not name.startswith("SECRET_KEY")}
        environment |= {"COMPOSE_PROJECT_NAME": self.name, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            cwd=self.folder,
            input=stdin,
            timeout=COMMAND_SECONDS,
        )


@contextlib.contextmanager
def a_project(folder: Path) -> Iterator[Project]:
    made = Project(folder)
    try:
        yield made
    finally:
        removed = made.compose(PLAIN, "--profile", "observability", "down", "--volumes", "--timeout", "5")
        assert removed.returncode == 0, removed.stderr


def write_key(folder: Path) -> Path:
    key = folder / "key"
    key.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    # The image's user is neither its owner nor root.
    key.chmod(0o444)
    return key
