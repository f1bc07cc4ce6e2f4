"""The interface of the e2e ring's targets: one PostgreSQL and services. The implementations are in `*_stack.py`."""

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
"""For services that hash often or are measured.

Production does not permit such cheap hashes, and hashing runs at low priority: on a busy machine, a single login takes
many seconds.
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Outcome(NamedTuple):
    """The result of a command."""

    status: int
    output: str


class Service(ABC):
    """One service of the product, reachable over HTTP."""

    @property
    @abstractmethod
    def base_url(self) -> str:
        """The URL of the service, which changes at a restart."""

    @abstractmethod
    def start(self) -> None:
        """Start the service without waiting."""

    @property
    @abstractmethod
    def metrics_url(self) -> str:
        """The URL of the metrics."""

    def metrics(self) -> str:
        """Return the metrics in Prometheus' format, or an empty text if the service has ended."""
        if not self.is_running():
            return ""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.metrics_url, timeout=EXIT_SECONDS).text

    @abstractmethod
    def is_running(self) -> bool: ...

    @abstractmethod
    def terminate(self) -> None:
        """Send SIGTERM without waiting."""

    @abstractmethod
    def interrupt(self) -> None:
        """Send SIGINT without waiting."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for the service's end; return its exit status, or 128 plus the number of the signal, as in a shell."""

    @abstractmethod
    def logs(self) -> str: ...

    @abstractmethod
    def process_statuses(self) -> str:
        """Return Linux's /proc/PID/status of each of its processes."""

    def memory_kib(self, field: Literal["VmRSS", "VmHWM"]) -> int:
        """Return the memory of its largest process, current or peak."""
        found = re.findall(rf"^{field}:\s+(\d+) kB$", self.process_statuses(), re.MULTILINE)
        return max(map(int, found))

    @abstractmethod
    def remove(self) -> None:
        """Remove the service in any state, with everything it created."""

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
    """Keep the service's metrics and its current log for the search at the end of the ring."""
    EVIDENCE.keep("metric", service.metrics())
    EVIDENCE.keep("log", service.logs())


class Companion(ABC):
    """Another server that services use beside PostgreSQL."""

    @abstractmethod
    def address(self) -> str:
        """Return host and port in the network of the stack's services."""

    @abstractmethod
    def suspend(self) -> None:
        """Suspend the server with its connections open."""

    @abstractmethod
    def resume(self) -> None:
        """Resume the server."""


class Stack(ABC):
    """One migrated PostgreSQL, and the services that use it."""

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
        """Yield a service that is ready; an empty setting is unset."""
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
        """Run a Redis; skip the test if it is not installed."""

    @abstractmethod
    def pgbouncer(self, settings: Sequence[str]) -> contextlib.AbstractContextManager[Companion]:
        """Run a PgBouncer in transaction mode in front of PostgreSQL; skip the test if it is not installed."""

    def run_command(self, *arguments: str, **settings: str) -> Outcome:
        """Run `doorward ARGUMENTS` to its end."""
        outcome = self._run_command(arguments, {**self.settings, **settings})
        EVIDENCE.keep("command", outcome.output)
        return outcome

    @abstractmethod
    def _run_command(self, arguments: Sequence[str], settings: dict[str, str]) -> Outcome: ...

    @abstractmethod
    def sql(self, query: str, database: str = DATABASE) -> str:
        """Run SQL as the database's owner; return psql's unaligned output: a line for each row, fields between bars."""

    @abstractmethod
    def run_sql_file(self, text: str, database: str) -> None:
        """Run a file with psql as the database's owner."""

    @abstractmethod
    def stop_database(self) -> None:
        """Stop PostgreSQL, ending its connections."""

    @abstractmethod
    def start_database(self) -> None:
        """Start PostgreSQL and wait until it is ready."""

    @abstractmethod
    def freeze_database(self) -> None:
        """Suspend PostgreSQL with its connections open, like a machine that hangs."""

    @abstractmethod
    def thaw_database(self) -> None:
        """Resume PostgreSQL."""

    @abstractmethod
    def _start_database_server(self, resources: contextlib.ExitStack) -> None:
        """Start PostgreSQL, add its settings to those of the services, and register its removal with `resources`."""

    @abstractmethod
    def traces(self) -> str:
        """Return the texts in all traces that the services have sent."""

    @abstractmethod
    def _start_collector(self, resources: contextlib.ExitStack) -> str:
        """Start `collector.py`, register its end with `resources`, and return the URL for the services' traces."""

    @abstractmethod
    def _make_service(self, settings: dict[str, str]) -> Service: ...
