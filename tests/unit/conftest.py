"""The unit ring: no network. A Unix socket is allowed because asyncio's event loop wakes itself through one."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

settings.register_profile("doorward", deadline=None)
settings.load_profile("doorward")


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
