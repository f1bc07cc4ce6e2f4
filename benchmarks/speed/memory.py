"""Resident memory of a worker under load for some minutes: its size, and whether it grows."""

import time
from statistics import linear_regression
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory
from benchmarks.load import CONNECTIONS, run_load
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, running_service
from doorward.infrastructure.key_ring import REMEMBERED_TOKENS

TURN_SECONDS: Final = 4
SETTLING: Final = 0.25
"""Share of the time before growth is counted: buffers first grow to the size that the load needs."""

TEN_MINUTES: Final = 600.0


def measure_memory(accounts: Accounts, plan: Plan, series: Series) -> None:
    """Load one worker with /me and /refresh in turns; record its memory after each turn."""
    report_progress(f"memory, {plan.memory_minutes:g} minutes")
    with running_service(accounts.url, settings=LIMITS_OUT_OF_REACH) as service:
        factory = TokenFactory(service.secret_key)
        # Caches are bounded, and should be full from the start.
        run_load(factory.me(accounts.sessions(REMEMBERED_TOKENS)), service, TURN_SECONDS)
        began = time.monotonic()
        moments: list[float] = []
        sizes: list[float] = []
        length = plan.memory_minutes * 60
        while (elapsed := time.monotonic() - began) < length or len(moments) < 2:  # noqa: PLR2004 - two make a slope
            sessions = accounts.sessions(CONNECTIONS)
            run_load(factory.me(sessions), service, TURN_SECONDS)
            run_load(factory.refresh(sessions), service, TURN_SECONDS)
            accounts.rotations()
            if elapsed >= length * SETTLING:
                moments.append(time.monotonic() - began)
                sizes.append(service.memory_mb())
    series.add("memory: under load", Sample(sizes[-1]))
    series.add("memory: growth in 10 minutes", Sample(linear_regression(moments, sizes).slope * TEN_MINUTES))
