"""Servers that the tests of this folder share, one of each kind for each event loop."""

from collections.abc import Iterator

import pytest

from doorward.server.limits import ConnectionLimits
from tests.integration.server.running import Server

MOMENT = 0.3
"""Every timeout of a hasty server, in seconds."""

LOOPS = ["asyncio", "uvloop"]


@pytest.fixture(scope="module", params=LOOPS)
def shared_roomy_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Yield a server whose limits no test reaches."""
    limits = ConnectionLimits(
        connections=1000, head_seconds=600, body_seconds=600, sweep_seconds=0.05, report_seconds=0
    )
    with Server(limits, request.param).running() as server:
        yield server


@pytest.fixture(scope="module", params=LOOPS)
def shared_hasty_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Yield a server with short timeouts."""
    limits = ConnectionLimits(
        connections=1000,
        head_seconds=MOMENT,
        body_seconds=MOMENT,
        upload_bytes_per_second=256 * 1024,
        idle_seconds=MOMENT,
        unread_answer_seconds=MOMENT,
        linger_seconds=MOMENT,
        probe_seconds=MOMENT,
        sweep_seconds=0.05,
        report_seconds=0,
    )
    with Server(limits, request.param).running() as server:
        yield server


@pytest.fixture(params=LOOPS)
def crowded_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Yield a server with a limit of four connections."""
    limits = ConnectionLimits(
        connections=4, head_seconds=600, body_seconds=600, idle_seconds=600, sweep_seconds=0.05, report_seconds=0
    )
    with Server(limits, request.param).running() as server:
        yield server


@pytest.fixture
def roomy_server(shared_roomy_server: Server) -> Iterator[Server]:
    """Yield the shared server, without open connections of earlier tests."""
    yield shared_roomy_server
    shared_roomy_server.disconnect()


@pytest.fixture
def hasty_server(shared_hasty_server: Server) -> Iterator[Server]:
    """Yield the shared server, without open connections of earlier tests."""
    yield shared_hasty_server
    shared_hasty_server.disconnect()
