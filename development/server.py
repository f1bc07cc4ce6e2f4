"""`inv dev`: the service with reload, on an embedded PostgreSQL whose data is kept between runs."""

import argparse
import contextlib
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from development.arguments import port_number
from development.postgres import EmbeddedPostgres, PostgresError
from doorward.settings.config import SettingsError, load_settings
from doorward.settings.sources import DEVELOPMENT_FILE

FOLDER: Final = Path(".development")
SERVICE_FILE: Final = FOLDER / "service.pid"
READY_SECONDS: Final = 60
DEFAULT_PORT: Final = 8000

DATABASE_LINES: Final = """\
            DATABASE_URL='{url}'
  Query it  uv run inv psql
  Operate   uv run doorward deactivate ada
"""

SCREEN: Final = """
doorward runs at http://localhost:{port}

  Try it    http://localhost:{port}/docs
  Mails     http://localhost:{port}/development/mails
  Walk it   uv run inv demo{demo_options}
  Call it   curl -s http://localhost:{port}/api/v1/auth/register -H 'Content-Type: application/json' \\
              -d '{{"email": "ada@example.com", "username": "ada", "password": "correct horse battery"}}'
  Data      {data}
{database}  Stop      Ctrl+C
"""


def main() -> int:
    """Run until stopped; return the exit status."""
    parser = argparse.ArgumentParser(prog="inv dev")
    parser.add_argument("--port", type=port_number, default=DEFAULT_PORT)
    port: int = parser.parse_args().port
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        os.environ["ENVIRONMENT"] = "development"
        # No load balancer needs the drain, and it would delay each reload.
        os.environ.setdefault("SHUTDOWN_DRAIN_SECONDS", "0")
        if load_settings().browsers.public_url is None:
            # The links in mails need it; it also enables mail: /development/mails.
            os.environ["PUBLIC_URL"] = f"http://localhost:{port}"
        # Permit webhooks to a receiver on this machine.
        os.environ.setdefault("WEBHOOKS_ENABLED", "true")
        os.environ.setdefault("WEBHOOK_NETWORKS", "127.0.0.0/8")
        with _only_one(), _database() as (data, database):
            _run_service(port, data, database)
    except SettingsError as error:
        print("\n".join(f"inv dev: {problem}" for problem in error.problems), file=sys.stderr)
        return 1
    except (AlreadyRunningError, PortTakenError, PostgresError) as error:
        print(f"inv dev: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyboardInterrupt:
        print("\ninv dev: stopped")
    return 0


class AlreadyRunningError(Exception):
    """Another `inv dev` runs in this folder."""


class PortTakenError(Exception):
    """Another program uses the service's port."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise AlreadyRunningError(
                f"it already runs in this folder, as process {lock.read()}. Use that one, or stop it first"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextlib.contextmanager
def _database() -> Iterator[tuple[str, str]]:
    """Yield the location of the data, in DATABASE_URL if set, else in this folder; and how to access the latter."""
    if load_settings().database.database_url is not None:
        yield "in the database that DATABASE_URL names", ""
        return
    folder = FOLDER / "postgres"
    with EmbeddedPostgres(folder) as postgres:
        os.environ["DATABASE_URL"] = postgres.url()
        # For commands that run in this folder at the same time.
        variables = ("ENVIRONMENT", "DATABASE_URL", "PUBLIC_URL")
        lines = [f"{name}={os.environ[name]}\n" for name in variables if name in os.environ]
        DEVELOPMENT_FILE.write_text("".join(lines), encoding="utf-8")
        try:
            yield f"in {folder}, kept between runs", DATABASE_LINES.format(url=postgres.url())
        finally:
            DEVELOPMENT_FILE.unlink(missing_ok=True)


def _run_service(port: int, data: str, database: str) -> None:
    doorward = [sys.executable, "-m", "doorward"]
    subprocess.run([*doorward, "migrate"], check=True)
    command = [*doorward, "serve", "--port", str(port), "--reload"]
    _stop_leftover()
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise PortTakenError(f"port {port} is taken. Stop what uses it, or choose another: inv dev --port 8001")
    service = subprocess.Popen(command)
    SERVICE_FILE.write_text(str(service.pid), encoding="utf-8")
    try:
        if _answers(port, service):
            demo_options = "" if port == DEFAULT_PORT else f" --url http://localhost:{port}"
            print(SCREEN.format(port=port, data=data, database=database, demo_options=demo_options), flush=True)
        status = service.wait()
    finally:
        if service.poll() is None:
            service.terminate()
            service.wait()
    if status:
        raise subprocess.CalledProcessError(status, command)


def _stop_leftover() -> None:
    """Stop the service that a killed run left, which would still use the port."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        pid = int(SERVICE_FILE.read_text(encoding="utf-8"))
        if b"doorward\0serve" in Path(f"/proc/{pid}/cmdline").read_bytes():
            print("inv dev: the last run was killed; stopping what it left over", flush=True)
            os.kill(pid, signal.SIGTERM)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.1)


def _answers(port: int, service: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/readiness", timeout=2).close()
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
