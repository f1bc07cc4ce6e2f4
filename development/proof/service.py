"""Runs the service as a process, for proofs over HTTP."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx

from development.postgres import EmbeddedPostgres
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.infrastructure.migrations import migrate
from doorward.settings.config import settings_from
from doorward.wiring.accounts import create_one_time_tokens
from doorward.wiring.keys import keys

START_SECONDS: Final = 120
LISTENING: Final = re.compile(r"^(?=.*service\.listening).*?\bport\W+(\d+)", re.MULTILINE)
TERMINAL_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


MAIL: Final = {"PUBLIC_URL": "http://localhost:8000", "BACKGROUND": "off"}
"""Settings with which mails are queued, and not sent."""

ADMINISTRATION: Final = {**MAIL, "WEBHOOKS_ENABLED": "true", "WEBHOOK_NETWORKS": "127.0.0.0/8"}
"""Settings with which all administration is possible, and no mails or webhooks are sent."""


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Yield the URL of a migrated database that is deleted afterwards."""
    with EmbeddedPostgres(durable=False) as server:
        migrate(server.url())
        yield server.url()


def proof_settings(database_url: str, **others: str) -> dict[str, str]:
    """Return settings with cheap hashes and without rate limits, which are not part of the proofs."""
    return {
        "ENVIRONMENT": "development",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": database_url,
        "BCRYPT_ROUNDS": "4",
        "RATE_LIMIT_ENABLED": "false",
        "HOUSEKEEPING_INTERVAL_MINUTES": "0",
        "SHUTDOWN_DRAIN_SECONDS": "0",
        **others,
    }


def tokens_of(settings: Mapping[str, str]) -> OneTimeTokens:
    """Return the issuer of mailed tokens of a service with these settings."""
    return create_one_time_tokens(settings_from({name.lower(): value for name, value in settings.items()}).keys)


def codec_of(settings: Mapping[str, str]) -> OneTimeTokenCodec:
    """Return the codec of invitation tokens of a service with these settings."""
    read = settings_from({name.lower(): value for name, value in settings.items()})
    return OneTimeTokenCodec(*keys(read.keys, ONE_TIME_TOKEN_PURPOSE))


def url_when_ready(log: Path, is_alive: Callable[[], bool]) -> str:
    """Wait until the service with this log is ready; return its URL. Raises ``RuntimeError`` if it never is."""
    deadline = time.monotonic() + START_SECONDS
    while is_alive() and time.monotonic() < deadline:
        found = LISTENING.search(TERMINAL_COLOURS.sub("", log.read_text(encoding="utf-8")))
        url = f"http://127.0.0.1:{found[1]}" if found else ""
        with contextlib.suppress(httpx.TransportError):
            if url and httpx.get(f"{url}/health/readiness", timeout=START_SECONDS, trust_env=False).is_success:
                return url
        time.sleep(0.01)
    raise RuntimeError(f"the service did not start:\n{log.read_text(encoding='utf-8')}")


@contextlib.contextmanager
def running_service(settings: dict[str, str], host: Mapping[str, str] | None = None, *, port: int = 0) -> Iterator[str]:
    """Run `doorward serve` in an empty folder; yield its URL. ``host``: the environment of a skewed host.

    By default it uses a free port.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "doorward", "serve", "--port", str(port)],
                cwd=folder,
                env={"PATH": os.environ["PATH"], **settings, **(host or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield url_when_ready(log, lambda: process.poll() is None)
        finally:
            process.terminate()
            process.wait()
