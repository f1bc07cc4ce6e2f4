"""Build metrics and traces from the settings. The packages of disabled parts are not imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from psycopg import AsyncCursor

from doorward.core.events import event_classes
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.observability.logging import dropped_lines, observed_events
from doorward.settings.telemetry import TelemetrySettings

if TYPE_CHECKING:
    from doorward.api.app import Application
    from doorward.observability.metrics import Metrics
    from doorward.observability.tracing import Tracing
    from doorward.observability.worker_metrics import WorkerFile


class Telemetry:
    """The metrics and traces of one process."""

    def __init__(self, settings: TelemetrySettings) -> None:
        """Prepare the enabled parts. Raises ``ImportError`` if traces are enabled and their packages are missing."""
        self._metrics = _metrics() if settings.metrics_port else None
        self._tracing = _tracing(settings.traces_url) if settings.traces_url else None

    @property
    def observe_hash_wait(self) -> Callable[[float], None] | None:
        """The observer of how many seconds a password hash waited in the queue; None without metrics."""
        return self._metrics.observe_hash_wait if self._metrics else None

    @property
    def cursor_factory(self) -> type[AsyncCursor[Any]]:
        """The class of the cursors that run statements; it creates spans if traces are enabled."""
        return self._tracing.cursor_factory if self._tracing else AsyncCursor

    def wrap(self, app: "Application") -> "Application":
        """Wrap the whole handling of each request in a span, if traces are enabled."""
        if self._tracing is not None:
            app.answer = self._tracing.wrap(app.answer)
        return app

    @asynccontextmanager
    async def running(self, database: PostgresDatabase, hashes_waiting: Callable[[], int]) -> AsyncIterator[None]:
        """Collect metrics and traces within the block; flush both at its end."""
        async with AsyncExitStack() as stack:
            if self._tracing is not None:
                stack.push_async_callback(self._tracing.close)
            if (metrics := self._metrics) is not None:
                stack.enter_context(observed_events(metrics.count_event))
                load = metrics.sampled(lambda: metrics.set_load(database.pool_load(), hashes_waiting()))
                await stack.enter_async_context(load)
                # Sampled, because lines are lost while the reader of the log is slow, and no event can report that.
                await stack.enter_async_context(metrics.sampled(lambda: metrics.count_lost_lines(dropped_lines())))
                difference = metrics.sampled(lambda: metrics.set_clock_difference(database.clock.difference()))
                await stack.enter_async_context(difference)
                if (worker_file := _worker_file()) is not None:
                    stack.callback(worker_file.close)
                    stack.callback(worker_file.write)
                    await stack.enter_async_context(metrics.sampled(worker_file.write))
            yield


def _metrics() -> "Metrics":
    from doorward.observability.metrics import Metrics  # noqa: PLC0415 - only with METRICS_PORT

    return Metrics(event_classes())


def _worker_file() -> "WorkerFile | None":
    """Return the file that passes this process's metrics to the one that serves /metrics; None if they are the same."""
    from doorward.observability.metrics_endpoint import shared_folder  # noqa: PLC0415 - only with METRICS_PORT

    folder = shared_folder()
    if folder is None:
        return None
    from doorward.observability.metrics import REGISTRY  # noqa: PLC0415 - only with METRICS_PORT
    from doorward.observability.worker_metrics import WorkerFile  # noqa: PLC0415 - only with METRICS_PORT

    return WorkerFile(folder, REGISTRY)


def _tracing(url: str) -> "Tracing":
    from doorward.observability.tracing import tracing_to  # noqa: PLC0415 - an extra

    return tracing_to(url)
