"""One RabbitMQ for the tests of a module."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.integration.rabbitmq.broker import PROGRAM, RabbitServer, free_port

HOW_TO_GET_IT = "RabbitMQ is missing: see the stage rabbitmq of .ci/run, which installs rabbitmq-server"


@pytest.fixture(scope="module")
def server() -> Iterator[RabbitServer]:
    if not PROGRAM.exists():
        if os.environ.get("DOORWARD_REQUIRE_RABBITMQ"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    server = RabbitServer(*asyncio.run(three_ports()))
    try:
        server.start()
        yield server
    finally:
        server.close()


async def three_ports() -> tuple[int, int, int]:
    return await free_port(), await free_port(), await free_port()
