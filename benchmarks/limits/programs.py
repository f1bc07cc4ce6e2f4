"""The limits that answer over HTTP: their programs and their calls."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.accounts import MAIL_DOMAIN, Session
from benchmarks.load import RefreshChain, RepeatedRequests, get
from benchmarks.processes import HOST, PORT, Running, running

ROOT: Final = Path(__file__).parents[2]
UVICORN: Final = ("-m", "uvicorn", "--host", HOST, "--port", PORT, "--no-access-log", "--log-level", "warning")
"""With uvloop and httptools, which uvicorn uses if they are installed."""


@contextmanager
def bare_asgi(database_url: str) -> Iterator[Running]:
    """Run L1."""
    command = [sys.executable, *UVICORN, "--factory", "benchmarks.limits.bare_asgi:create"]
    with running(command, {"DATABASE_URL": database_url, "PYTHONPATH": _python_path()}, ready="/") as process:
        yield process


@contextmanager
def bare_tokens(database_url: str) -> Iterator[Running]:
    """Run L1 of tokens for clients."""
    command = [sys.executable, *UVICORN, "--factory", "benchmarks.limits.bare_tokens:create"]
    with running(command, {"DATABASE_URL": database_url, "PYTHONPATH": _python_path()}, ready="/") as process:
        yield process


@contextmanager
def bare_codes(database_url: str) -> Iterator[Running]:
    """Run L1 of code exchanges."""
    command = [sys.executable, *UVICORN, "--factory", "benchmarks.limits.bare_codes:create"]
    with running(command, {"DATABASE_URL": database_url, "PYTHONPATH": _python_path()}, ready="/") as process:
        yield process


@contextmanager
def bare_starlette() -> Iterator[Running]:
    """Run L4."""
    command = [sys.executable, *UVICORN, "benchmarks.limits.bare_starlette:app"]
    with running(command, {"PYTHONPATH": _python_path()}, ready="/") as process:
        yield process


def me_of_bare_asgi(sessions: Sequence[Session]) -> RepeatedRequests:
    """Return calls that look up the users of these sessions."""
    return RepeatedRequests([get(f"/{session.id}/{session.user_id}") for session in sessions], f'{MAIL_DOMAIN}"')


def refresh_of_bare_asgi(sessions: Sequence[Session]) -> RefreshChain:
    """Return rotations of these sessions."""
    return RefreshChain([f"{session.id}.{session.user_id}.{session.generation}" for session in sessions], "/refresh")


def hello_of_bare_starlette() -> RepeatedRequests:
    """Return the only call."""
    return RepeatedRequests([get("/")], '"ok"')


def _python_path() -> str:
    return os.pathsep.join([str(ROOT), str(ROOT / "src")])
