"""A Keycloak for one module: limited in memory and time, with a separate database."""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests

from development.keycloak.server import CALL_SECONDS, KeycloakMissingError, environment, install, start_command
from development.ports import free_port
from tests.interop.programs import leave_out

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 300
END_SECONDS: Final = 30
BOUNDS: Final = {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}


@contextlib.contextmanager
def running_keycloak(folder: Path) -> Iterator[tuple[str, str]]:
    """Run Keycloak with its database and its log in a folder; yield its URL and its administrator's password."""
    try:
        programs = install("dev-file")
    except KeycloakMissingError as error:
        leave_out("Keycloak", f"Java 17 and Maven fetch it: {error}")
    port, password = free_port(), secrets.token_urlsafe(16)
    database = {"KC_DB_URL": f"jdbc:h2:file:{folder / 'database'};NON_KEYWORDS=VALUE"}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*start_command(programs, HOST, str(port))],
            env={"PATH": os.environ["PATH"], **environment(password, database), **BOUNDS},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        url = f"http://{HOST}:{port}"
        _wait(url, process, folder / "log")
        yield url, password
    finally:
        _end(process)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{url}/realms/master", timeout=CALL_SECONDS).ok:
                return
        time.sleep(0.5)
    raise RuntimeError(f"Keycloak did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process group: a shell, and its Java process."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
            return
