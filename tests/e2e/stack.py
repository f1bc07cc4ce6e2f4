"""What the e2e ring talks to: one PostgreSQL and services of the product. How they run is in `*_stack.py`."""

import contextlib
import re
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

import requests

from tests.e2e.canaries import EVIDENCE

COLLECTOR: Final = Path(__file__).with_name("collector.py")
DATABASE: Final = "doorward"
READY_SECONDS: Final = 120
EXIT_SECONDS: Final = 120
QUICK_HASHES: Final = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4"}
"""For services that hash often or are measured. Production allows no hash so cheap, and hashing gives way to all else
that the machine does: on a busy one, a single login takes many seconds."""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Outcome(NamedTuple):
    """What became of a command."""

    status: int
    output: str


class Service(ABC):
    """One service of the product, reachable over HTTP."""

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where it answers; another address after a restart."""

    @abstractmethod
    def start(self) -> None:
        """Start it, without waiting."""

    @property
    @abstractmethod
    def metrics_url(self) -> str:
        """Where its metrics are."""

    def metrics(self) -> str:
        """What Prometheus would read, if the service still runs."""
        if not self.is_running():
            return ""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.metrics_url, timeout=EXIT_SECONDS).text

    @abstractmethod
    def is_running(self) -> bool: ...

    @abstractmethod
    def terminate(self) -> None:
        """Send SIGTERM, without waiting."""

    @abstractmethod
    def interrupt(self) -> None:
        """Send SIGINT, without waiting."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for its end and return its exit status; as in a shell, 128 more than the signal that ended it."""

    @abstractmethod
    def logs(self) -> str: ...

    @abstractmethod
    def process_statuses(self) -> str:
        """What Linux tells of each of its processes: the texts of /proc/PID/status."""

    def memory_kib(self, field: Literal["VmRSS", "VmHWM"]) -> int:
        """The memory that the largest of its processes holds, or held at its highest."""
        found = re.findall(rf"^{field}:\s+(\d+) kB$", self.process_statuses(), re.MULTILINE)
        return max(map(int, found))

    @abstractmethod
    def remove(self) -> None:
        """Leave nothing of it behind, whatever state it is in."""

    def stop(self) -> int:
        self.terminate()
        return self.wait()

    def restart(self) -> None:
        self.stop()
        self.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < deadline and self.is_running():
                with contextlib.suppress(requests.RequestException):
                    if session.get(f"{self.base_url}/health/readiness", timeout=5).ok:
                        return
                time.sleep(0.05)
        raise AssertionError(f"the service did not become ready:\n{self.logs()}")


def keep_what_it_wrote(service: Service) -> None:
    """Put its metrics and its log up to now where the ring's end searches them."""
    EVIDENCE.keep("metric", service.metrics())
    EVIDENCE.keep("log", service.logs())


class Companion(ABC):
    """Something that services lean on beside PostgreSQL."""

    @abstractmethod
    def address(self) -> str:
        """Return host and port, as the services of the stack reach it."""

    @abstractmethod
    def freeze(self) -> None:
        """Have it stand still with its connections open."""

    @abstractmethod
    def thaw(self) -> None:
        """Let it go on."""


class Stack(ABC):
    """One PostgreSQL, migrated, and the services that use it."""

    def __init__(self) -> None:
        self.settings = {
            "ENVIRONMENT": "production",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "BCRYPT_ROUNDS": "10",
            "RATE_LIMIT_ENABLED": "false",
            "POSTGRES_DB": DATABASE,
            "SHUTDOWN_DRAIN_SECONDS": "0",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        self.living: list[Service] = []
        """The services whose blocks have not ended."""
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.push(self._resources)
            self._start_database_server(self._resources)
            self.settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._start_collector(self._resources)
            for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
                if name in self.settings:
                    EVIDENCE.remember_secret(self.settings[name])
            migration = self.run_command("migrate")
            assert migration.status == 0, migration.output
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        EVIDENCE.keep("trace", self.traces())
        self._resources.close()

    def service(self, **settings: str) -> contextlib.AbstractContextManager[Service]:
        """Yield a service that is ready; an empty setting is none."""
        return self._running(self._make_service({**self.settings, **settings}))

    @contextlib.contextmanager
    def _running(self, service: Service) -> Iterator[Service]:
        self.living.append(service)
        try:
            service.start()
            service.wait_until_ready()
            yield service
        finally:
            self.living.remove(service)
            try:
                keep_what_it_wrote(service)
            finally:
                service.remove()

    @abstractmethod
    def redis(self) -> contextlib.AbstractContextManager[Companion]:
        """Run a Redis; skip the test where there is none."""

    @abstractmethod
    def pgbouncer(self, settings: Sequence[str]) -> contextlib.AbstractContextManager[Companion]:
        """Run a PgBouncer in transaction mode in front of PostgreSQL; skip the test where there is none."""

    def run_command(self, *arguments: str, **settings: str) -> Outcome:
        """Run `doorward ARGUMENTS` to its end."""
        outcome = self._run_command(arguments, {**self.settings, **settings})
        EVIDENCE.keep("command", outcome.output)
        return outcome

    @abstractmethod
    def _run_command(self, arguments: Sequence[str], settings: dict[str, str]) -> Outcome: ...

    @abstractmethod
    def sql(self, query: str, database: str = DATABASE) -> str:
        """Run SQL as the database's owner; return the rows as psql prints them: a line each, fields between bars."""

    @abstractmethod
    def run_sql_file(self, text: str, database: str) -> None:
        """Have psql run a file as the database's owner."""

    @abstractmethod
    def stop_database(self) -> None:
        """Stop PostgreSQL, ending its connections."""

    @abstractmethod
    def start_database(self) -> None:
        """Start PostgreSQL and wait until it answers."""

    @abstractmethod
    def freeze_database(self) -> None:
        """Have PostgreSQL stand still with its connections open, as a machine that hangs does."""

    @abstractmethod
    def thaw_database(self) -> None:
        """Let PostgreSQL go on."""

    @abstractmethod
    def _start_database_server(self, resources: contextlib.ExitStack) -> None:
        """Start PostgreSQL, put its settings among those of the services, and leave its removal with `resources`."""

    @abstractmethod
    def traces(self) -> str:
        """The texts in all traces that the services have sent."""

    @abstractmethod
    def _start_collector(self, resources: contextlib.ExitStack) -> str:
        """Start `collector.py`, leave its end with `resources`, and return where services send their traces."""

    @abstractmethod
    def _make_service(self, settings: dict[str, str]) -> Service: ...
