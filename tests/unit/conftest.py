"""Unit tests have no network. Unix sockets are allowed because asyncio's event loop wakes itself through one."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pytest_socket import disable_socket, enable_socket

from doorward.observability.logging import LOGGER

KEPT: Final = ("COV", "PATH", "PYTEST_")
"""Variables that coverage, subprocesses and pytest itself need."""


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def restored_log() -> Iterator[None]:
    """Restore the logging configuration: pytest closes the stream of a test, and later lines would fail."""
    root, before = logging.getLogger(), (LOGGER.handler, LOGGER.severity)
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    LOGGER.handler, LOGGER.severity = before


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Give the test an environment without variables of this machine, in a folder without a .env file.

    Loading settings compares each variable with the name of each setting, which takes longer than the test.
    """
    for name in os.environ:
        if not name.startswith(KEPT):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch
