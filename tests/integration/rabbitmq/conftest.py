"""One RabbitMQ for the tests of a module."""

import os
from collections.abc import Iterator

import pytest

from development.ports import free_port
from tests.integration.rabbitmq.broker import PROGRAM, RabbitServer

HOW_TO_GET_IT = "RabbitMQ is missing: see the stage rabbitmq of .ci/run, which installs rabbitmq-server"


@pytest.fixture(scope="module")
def server() -> Iterator[RabbitServer]:
    if not PROGRAM.exists():
        if os.environ.get("DOORWARD_REQUIRE_RABBITMQ"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    server = RabbitServer(free_port(), free_port(), free_port())
    try:
        server.start()
        yield server
    finally:
        server.close()
