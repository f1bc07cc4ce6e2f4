"""The product as a process on embedded PostgreSQL, for machines without a Docker engine."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qs, urlsplit

from development.postgres import POSTGRES_BIN_PATH, EmbeddedPostgres
from tests.e2e import process_companions
from tests.e2e.stack import COLLECTOR, DATABASE, EXIT_SECONDS, Companion, Outcome, Service, Stack

DOORWARD: Final = (sys.executable, "-m", "doorward")
LISTENING: Final = re.compile(r"^.*\bservice\.listening\b.*$", re.MULTILINE)
PORT: Final = re.compile(r"\bport\W+(\d+)")
"""Matches the port in the log's line, in either format."""


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **settings}


def _free_port_below_the_ephemeral_range() -> int:
    """Return a free port below the ephemeral range, from which the system assigns ports."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class ProcessService(Service):
    """`doorward serve` in an empty folder without a `.env`."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._log_path = folder / "log"
        self._starts = 0
        self._port = self._metrics_port = 0

    @property
    def base_url(self) -> str:
        if not self._port:
            lines = LISTENING.findall(self.logs())
            found = PORT.search(lines[-1]) if len(lines) == self._starts else None
            self._port = int(found[1]) if found else 0
        return f"http://127.0.0.1:{self._port}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._metrics_port}/metrics"

    def start(self) -> None:
        self._starts += 1
        self._port, self._metrics_port = 0, _free_port_below_the_ephemeral_range()
        environment = _environment({**self._settings, "METRICS_PORT": str(self._metrics_port)})
        # Let the system choose the port: one chosen here could be taken before the service binds it.
        command = [*DOORWARD, "serve", "--port", "0"]
        self.remove()
        with self._open_log() as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _open_log(self) -> IO[bytes]:
        return self._log_path.open("ab")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        assert self._process is not None
        self._process.terminate()

    def interrupt(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        assert self._process is not None
        status = self._process.wait(EXIT_SECONDS)
        return 128 - status if status < 0 else status

    def logs(self) -> str:
        return self._log_path.read_text(encoding="utf-8")

    def process_statuses(self) -> str:
        assert self._process is not None
        process = Path("/proc") / str(self._process.pid)
        children = (process / "task" / process.name / "children").read_text(encoding="ascii").split()
        statuses = [process / "status", *(Path("/proc") / child / "status" for child in children)]
        return "".join(status.read_text(encoding="utf-8") for status in statuses)

    def remove(self) -> None:
        if self._process is not None:
            # Kill the whole group: workers outlive a killed parent.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(EXIT_SECONDS)
            self._process = None


class ProcessStack(Stack):
    """Services as processes, with a separate PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._postgres = EmbeddedPostgres(durable=False)

    def redis(self) -> contextlib.AbstractContextManager[Companion]:
        return process_companions.redis(self._empty_folder())

    def pgbouncer(self, settings: Sequence[str]) -> contextlib.AbstractContextManager[Companion]:
        server = f"host={self.settings['POSTGRES_HOST']} port={self.settings['POSTGRES_PORT']} user=postgres"
        return process_companions.pgbouncer(server, settings)

    def _run_command(self, arguments: Sequence[str], settings: dict[str, str]) -> Outcome:
        finished = subprocess.run(
            [*DOORWARD, *arguments],
            check=False,
            cwd=self._empty_folder(),
            env=_environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=EXIT_SECONDS,
        )
        return Outcome(finished.returncode, finished.stdout)

    def sql(self, query: str, database: str = DATABASE) -> str:
        psql = str(POSTGRES_BIN_PATH / "psql")
        command = [psql, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", self._postgres.url(database), "-c", query]
        finished = subprocess.run(command, check=False, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def run_sql_file(self, text: str, database: str) -> None:
        psql = [
            str(POSTGRES_BIN_PATH / "psql"),
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self._postgres.url(database),
        ]
        finished = subprocess.run(psql, check=False, input=text, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr

    def stop_database(self) -> None:
        self._postgres.stop()

    def start_database(self) -> None:
        self._postgres.start()

    def freeze_database(self) -> None:
        self._postgres.suspend()

    def thaw_database(self) -> None:
        self._postgres.resume()

    def _start_database_server(self, resources: contextlib.ExitStack) -> None:
        resources.enter_context(self._postgres)
        url = urlsplit(self._postgres.url())
        where = parse_qs(url.query)
        self.settings |= {
            "POSTGRES_HOST": where["host"][0],
            "POSTGRES_PORT": where["port"][0],
            "POSTGRES_USER": url.username or "",
        }
        self.sql(f"CREATE DATABASE {DATABASE}", "postgres")

    def traces(self) -> str:
        return (self._folder / "traces").read_text(encoding="utf-8")

    def _start_collector(self, resources: contextlib.ExitStack) -> str:
        port = str(_free_port_below_the_ephemeral_range())
        with (self._folder / "traces").open("wb") as output:
            process = subprocess.Popen([sys.executable, COLLECTOR, "127.0.0.1", port], stdout=output)
        resources.callback(process.wait)
        resources.callback(process.kill)
        return f"http://127.0.0.1:{port}"

    def _make_service(self, settings: dict[str, str]) -> Service:
        return ProcessService(settings, self._empty_folder())

    def _empty_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))
