"""The unit ring: no network. A Unix socket is allowed because asyncio's event loop wakes itself through one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from doorward.core import settings_sources
from doorward.core.config import Settings


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting in the environment, and no .env file in sight. Takes what a test sets."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setattr(settings_sources, "SECRETS_FOLDER", tmp_path / "secrets")
    monkeypatch.chdir(tmp_path)
    return monkeypatch
