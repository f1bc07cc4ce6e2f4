"""`inv dev` in an empty folder with only PostgreSQL's own programs: its output, and the steps of `inv demo`."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from development.ports import free_port
from doorward.settings.config import FIELDS

BOUND_SECONDS: Final = 120
ROOT: Final = Path(__file__).parents[3]


class DevelopmentServer:
    """A run of `inv dev` in a separate folder."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self._log = folder / "log"
        # Without proxies, which would be used for this machine, too.
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        without_settings = {name: value for name, value in kept.items() if name.lower() not in FIELDS}
        self._environment = {**without_settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "BCRYPT_ROUNDS": "4"}
        self._process = self._start(self._log, "development.server", "--port", str(self._port))

    def _start(self, output: Path, module: str, *options: str) -> "subprocess.Popen[bytes]":
        with output.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", module, *options],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def screen(self) -> str:
        """Return the output as soon as the service answers."""
        deadline = time.monotonic() + BOUND_SECONDS
        while "doorward runs at" not in self._log.read_text(encoding="utf-8"):
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self._log.read_text(encoding="utf-8")
            time.sleep(0.1)
        return self._log.read_text(encoding="utf-8")

    def has_database(self) -> bool:
        """Return whether its PostgreSQL runs, that is, whether the server's pid file exists."""
        return (self._folder / ".development/postgres/postmaster.pid").exists()

    def demo(self, *options: str) -> tuple[int, str]:
        """Run `inv demo` against it; return the status and the output."""
        return self.run("development.demo", "--url", f"http://localhost:{self._port}", *options)

    def run(self, module: str, *options: str) -> tuple[int, str]:
        """Run a module in its folder; return the status and the output."""
        output = self._folder / "output"
        process = self._start(output, module, *options)
        return process.wait(BOUND_SECONDS), output.read_text(encoding="utf-8")

    def stop(self) -> tuple[int, str]:
        """End it with its service and its PostgreSQL; return the status and the whole output."""
        # SIGINT is ignored by background jobs of a shell, and the tests may be one.
        self._process.terminate()
        return self._process.wait(BOUND_SECONDS), self._log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentServer]:
    started = DevelopmentServer(tmp_path_factory.mktemp("development"))
    yield started
    started.stop()


def steps_of(output: str) -> int:
    return len(re.findall(r"^\d+\. ", output, re.MULTILINE))


def test_inv_dev_starts_in_an_empty_folder_and_shows_its_urls(server: DevelopmentServer) -> None:
    screen = server.screen()
    assert server.has_database()
    for line in ("/docs", "/development/mails", "uv run inv demo --url", ".development/postgres, kept between runs"):
        assert line in screen


def test_operator_commands_find_the_database_with_and_without_its_url(server: DevelopmentServer) -> None:
    found = re.search(r"DATABASE_URL='(.+)'\n  Query it  uv run inv psql\n", server.screen())
    assert found is not None
    with psycopg.connect(found[1]) as connection:
        connection.execute("CREATE TABLE left_by_this_test ()")
    status, printed = server.run("development.psql", "--command", "TABLE left_by_this_test")
    assert (status, "inv psql: " in printed, "(0 rows)" in printed) == (0, True, True), printed
    status, printed = server.run("doorward", "deactivate", "grace")
    assert (status, "There is no such user" in printed) == (1, True), printed


def test_the_demo_runs_a_session_to_its_end(server: DevelopmentServer) -> None:
    server.screen()
    status, output = server.demo()
    assert status == 0, output
    assert "All answers are as they should be." in output
    assert steps_of(output) == 11


def test_the_administration_demo_runs_from_the_first_administrator_to_a_webhook(
    server: DevelopmentServer,
) -> None:
    server.screen()
    status, output = server.demo("--admin")
    assert status == 0, output
    for words in (
        "doorward create-admin",
        "authenticator application",
        '"user.deactivated"',
        "signed with the webhook's secret",
        "All answers are",
    ):
        assert words in output
    assert steps_of(output) == 19


def test_inv_dev_ends_with_its_database(server: DevelopmentServer) -> None:
    server.screen()
    status, printed = server.stop()
    assert (status, printed.splitlines()[-1]) == (0, "inv dev: stopped"), printed
    assert not server.has_database()
