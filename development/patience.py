"""Time limits for tests and proofs that are not about time."""

from typing import Final

from doorward.infrastructure.postgres.timeouts import Timeouts

PATIENT: Final = Timeouts(
    connect=60,
    settings=60,
    pool_wait=60,
    reconnect=60,
    shared_query=60,
    abort=60,
    clock_interval=3600,
    statement="0",
    lock="0",
    idle_in_transaction="0",
)
"""Wait for PostgreSQL as long as it takes: a machine that stalls is not what a test is about.

The clocks are compared on new connections only, so that each use of a connection is that of a call.
"""
