"""Metrics and traces as the settings ask for them. What nobody asked for is not even imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from psycopg import AsyncCursor

from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.observability.logging import dropped_lines, observed_events
from doorward.settings.config import Settings

if TYPE_CHECKING:
    from doorward.observability.metrics import Metrics
    from doorward.observability.tracing import Tracing


class Telemetry:
    """What one application tells of itself beside its log."""

    def __init__(self, settings: Settings) -> None:
        """Prepare what the settings ask for. Raises ``ImportError`` when the packages for traces are missing."""
        self._metrics = _metrics() if settings.metrics_port else None
        self._tracing = _tracing(settings.traces_url) if settings.traces_url else None

    @property
    def observe_hash_wait(self) -> Callable[[float], None] | None:
        """What the password hasher tells how long each call waited."""
        return self._metrics.observe_hash_wait if self._metrics else None

    @property
    def cursor_factory(self) -> type[AsyncCursor[Any]]:
        """What runs the statements."""
        return self._tracing.cursor_factory if self._tracing else AsyncCursor

    def wrap(self, app: FastAPI) -> FastAPI:
        """Put around the application what has to be outermost."""
        if self._tracing is not None:
            self._tracing.wrap(app)
        return app

    @asynccontextmanager
    async def running(self, database: PostgresDatabase, hasher: BcryptHasher) -> AsyncIterator[None]:
        """Count, sample and trace within the block; send what is left at its end."""
        async with AsyncExitStack() as stack:
            if self._tracing is not None:
                stack.push_async_callback(self._tracing.close)
            if (metrics := self._metrics) is not None:
                stack.enter_context(observed_events(metrics.count_event))
                load = metrics.sampled(lambda: metrics.set_load(database.pool_load(), hasher.waiting))
                await stack.enter_async_context(load)
                # While the reader of the log is away, no event can tell.
                await stack.enter_async_context(metrics.sampled(lambda: metrics.count_lost_lines(dropped_lines())))
                difference = metrics.sampled(lambda: metrics.set_clock_difference(database.clock.difference()))
                await stack.enter_async_context(difference)
            yield


def _metrics() -> "Metrics":
    from doorward.observability.metrics_endpoint import reserve_space  # noqa: PLC0415 - not needed without metrics

    reserve_space()
    from doorward.observability.metrics import Metrics  # noqa: PLC0415 - see observability/metrics_endpoint.py

    return Metrics()


def _tracing(url: str) -> "Tracing":
    from doorward.observability.tracing import tracing_to  # noqa: PLC0415 - an extra

    return tracing_to(url)
