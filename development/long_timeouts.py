"""Long timeouts for tests and proofs that are not about time."""

from typing import Final

from doorward.infrastructure.postgres.timeouts import Timeouts

LONG_TIMEOUTS: Final = Timeouts(
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
"""Waits for PostgreSQL without a limit, since a slow machine must not fail such a test.

The clocks are compared on new connections only, so that each use of a connection belongs to a call.
"""
