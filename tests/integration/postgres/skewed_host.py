"""Copies of the service on hosts with skewed clocks, all on one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from development.long_timeouts import LONG_TIMEOUTS
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.postgres.timeouts import TIMEOUTS
from doorward.settings.config import Settings
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts
from tests.integration.service import FakeClock, Service


class SkewedHost(HostClock):
    """A host whose time of day, uptime and clock rate differ."""

    def __init__(self, ahead: float = 0.0, *, uptime: float = 0.0, rate: float = 1.0) -> None:
        self._ahead = ahead
        self._uptime = uptime
        self._rate = rate
        self._begun = super().steady()

    def steady(self) -> float:
        return self._uptime + (super().steady() - self._begun) * self._rate

    def time_of_day(self) -> float:
        return super().time_of_day() + self._ahead


@asynccontextmanager
async def running_on(host: HostClock, settings: Settings) -> AsyncIterator[Service]:
    """Run the application on that host in the context; its time is PostgreSQL's, not that of a fake clock."""
    timeouts = replace(LONG_TIMEOUTS, clock_interval=TIMEOUTS.clock_interval)
    app = create_wired_app(settings, Parts(host=host, timeouts=timeouts))
    async with app.router.lifespan_context(app):
        service = Service(app, settings, FakeClock())
        async with service.client:
            yield service
