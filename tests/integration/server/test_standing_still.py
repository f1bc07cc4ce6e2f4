"""A service that has no processor between calls, as on platforms that bill the time of calls alone."""

import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.integration.server.served import Served

STANDSTILLS: Final = (0.0, 0.2, 2.0)
"""Seconds."""


def test_the_first_call_after_a_standstill_is_answered(
    tmp_path: Path, environment: pytest.MonkeyPatch, shared_database: str
) -> None:
    environment.setenv("DATABASE_URL", shared_database)
    with Served(tmp_path) as served:
        served.wait_until_served()
        for seconds in STANDSTILLS:
            os.kill(served.process.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(served.process.pid, signal.SIGCONT)
            # It asks PostgreSQL, on a connection from before.
            assert served.status_of("/health/readiness") == 200
