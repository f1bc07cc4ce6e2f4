"""A service without processor time between calls, as on platforms that bill only the time of calls."""

import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.integration.server.served import Served

STANDSTILLS: Final = (0.0, 0.2, 2.0)
"""The pauses in seconds."""


def test_the_first_call_after_a_pause_of_the_process_is_answered(
    tmp_path: Path, environment: pytest.MonkeyPatch, shared_database: str
) -> None:
    environment.setenv("DATABASE_URL", shared_database)
    with Served(tmp_path) as served:
        served.wait_until_served()
        for seconds in STANDSTILLS:
            os.kill(served.process.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(served.process.pid, signal.SIGCONT)
            # It queries PostgreSQL on a connection from before the pause.
            assert served.status_of("/health/readiness") == 200
