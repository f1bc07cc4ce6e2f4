"""The time from the start of the process to the first answer, compared with the import time of its dependencies."""

import http.client
import os
import secrets
import subprocess
import tempfile
import time
from http import HTTPStatus
from typing import Final

from benchmarks.accounts import Accounts
from benchmarks.installation import service_python
from benchmarks.plan import Plan, report_progress
from benchmarks.processes import HOST, START_SECONDS
from benchmarks.samples import Sample, Series
from benchmarks.service import serve_command, service_environment
from development.ports import free_port

POLL_SECONDS: Final = 0.005
IMPORTS: Final = "import fastapi, uvicorn, psycopg"


def measure_start(accounts: Accounts, plan: Plan, series: Series) -> None:
    """Measure starts and imports in turns, after one of each that reads the files from disk."""
    report_progress("starting")
    _start_seconds(accounts.url)
    _import_seconds()
    for _ in range(plan.rounds):
        series.add("start: doorward", Sample(_start_seconds(accounts.url)))
        series.add("start: imports alone", Sample(_import_seconds()))


def _import_seconds() -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([str(service_python()), "-c", IMPORTS], check=True, cwd=folder, env={"PATH": os.environ["PATH"]})
        return time.perf_counter() - began


def _start_seconds(database_url: str) -> float:
    port = free_port()
    environment = {"PATH": os.environ["PATH"], **service_environment(database_url, secrets.token_urlsafe(48))}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.Popen(
            serve_command(port), cwd=folder, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            while not _is_alive(port):
                if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                    raise RuntimeError("the service did not start")
                time.sleep(POLL_SECONDS)
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def _is_alive(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/health/liveness")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
