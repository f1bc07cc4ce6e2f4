"""/metrics of a process: summed over all workers, including killed ones."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from development.client import ME
from development.ports import free_port
from doorward.commands.main import main
from doorward.observability.metrics_endpoint import FOLDER_VARIABLE, LIBRARY_VARIABLE, serving_metrics
from tests.integration.service import Logs, MakeService

DEADLINE = 180
COUNT = 'doorward_http_request_duration_seconds_count{method="GET",route="/api/v1/auth/me",status="4xx"}'


class Serving:
    """`doorward serve` with several workers and metrics."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.folder = folder
        settings = {"WEB_CONCURRENCY": str(workers), "METRICS_PORT": str(self.metrics_port), "TMPDIR": str(folder)}
        settings["SHUTDOWN_DRAIN_SECONDS"] = "0"
        command = [sys.executable, "-m", "doorward", "serve", "--port", str(self.port)]
        # Without proxies, and without keep-alive, so that each worker gets requests.
        self._client = httpx.Client(timeout=DEADLINE, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        with (folder / "log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **settings}
            )

    def get(self, path: str) -> httpx.Response:
        return self._client.get(f"http://127.0.0.1:{self.port}{path}")

    def metrics(self) -> dict[str, float]:
        answer = self._client.get(f"http://127.0.0.1:{self.metrics_port}/metrics")
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                if is_so():
                    return
            except httpx.TransportError:
                assert self.process.poll() is None
            assert time.monotonic() < deadline, (self.folder / "log").read_text(encoding="utf-8")
            time.sleep(0.2)

    def close(self) -> None:
        self._client.close()

    def files(self) -> list[Path]:
        return list(self.folder.glob("doorward-metrics-*/*.json"))

    def workers(self) -> set[int]:
        return {int(file.name.partition("-")[0]) for file in self.files()}

    def is_replaced(self, worker: int) -> bool:
        # The scrape removes the file of a worker that has ended.
        return self.metrics()["doorward_workers"] == 2 and worker not in self.workers()


@pytest.fixture
def serving(environment: pytest.MonkeyPatch, own_database: str, tmp_path: Path) -> Iterator[Serving]:
    environment.setenv("DATABASE_URL", own_database)
    started = Serving(tmp_path, workers=2)
    try:
        started.wait_for(lambda: started.metrics().get("doorward_workers") == 2)
        yield started
    finally:
        if started.process.poll() is None:
            # Terminated, not killed, so that the parent ends its workers.
            started.process.terminate()
            started.process.wait(DEADLINE)
        started.close()


def test_the_counts_of_a_killed_worker_are_kept_and_its_files_removed(serving: Serving) -> None:
    for _ in range(30):
        assert serving.get(ME).status_code == 401
    serving.wait_for(lambda: serving.metrics().get(COUNT) == 30)
    victim = max(serving.workers())
    os.kill(victim, signal.SIGKILL)
    serving.wait_for(partial(serving.is_replaced, victim))
    assert serving.metrics().get(COUNT) == 30
    assert len(serving.files()) == 2
    assert serving.get(ME).status_code == 401
    serving.wait_for(lambda: serving.metrics().get(COUNT) == 31)


def test_with_a_full_disk_a_service_answers_and_counts_again_when_there_is_space(serving: Serving) -> None:
    (folder,) = serving.folder.glob("doorward-metrics-*")
    # No file can be created, like on a full disk. The folder is moved away, because root ignores permissions.
    hidden = folder.rename(folder.with_name("hidden"))
    for _ in range(5):
        assert serving.get(ME).status_code == 401
    serving.wait_for(lambda: "metrics.not_shared" in (serving.folder / "log").read_text(encoding="utf-8"))
    hidden.rename(folder)
    serving.wait_for(lambda: serving.metrics().get(COUNT) == 5)


def test_the_metrics_folder_is_removed_at_the_end(serving: Serving) -> None:
    assert serving.files()
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(DEADLINE) in {0, -signal.SIGTERM}
    assert not list(serving.folder.glob("doorward-metrics-*"))


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    # Afterwards the environment of the process is unchanged.
    monkeypatch.setenv(FOLDER_VARIABLE, "/nowhere")
    monkeypatch.setenv(LIBRARY_VARIABLE, "/nowhere")
    return free_port()


def test_one_worker_serves_its_metrics_without_files_at_one_path_only(port: int) -> None:
    with serving_metrics("127.0.0.1", port, has_workers=False):
        url = f"http://127.0.0.1:{port}"
        answer = httpx.get(f"{url}/metrics?name=x")
        assert not {FOLDER_VARIABLE, LIBRARY_VARIABLE} & set(os.environ)
        assert "# TYPE doorward_http_connections gauge" in answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert answer.headers["server"] == "doorward"
        assert [httpx.get(f"{url}{path}").status_code for path in ("/", "/metrics/", ME)] == [404] * 3
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/metrics")


def test_openmetrics_is_sent_on_request(port: int) -> None:
    with serving_metrics("127.0.0.1", port, has_workers=False):
        wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=wanted)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_a_scrape_that_fails_is_reported_and_the_next_one_is_answered(
    port: int, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prometheus_client.exposition.choose_encoder", lambda _: 1 / 0)
    with serving_metrics("127.0.0.1", port, has_workers=False):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{port}/metrics")
        monkeypatch.undo()
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
    (line,) = [line for line in logs.lines() if line["event"] == "metrics.scrape_failed"]
    assert "ZeroDivisionError" in line["exception"]


def test_metrics_can_be_served_on_ipv6(port: int) -> None:
    with serving_metrics("::1", port, has_workers=False):
        assert httpx.get(f"http://[::1]:{port}/metrics").status_code == 200


def test_a_taken_port_stops_the_start_with_one_line(
    environment: pytest.MonkeyPatch, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", own_database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment.setenv("METRICS_PORT", str(port))
        assert main(["serve", "--port", str(free_port())]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"doorward: cannot listen on 127.0.0.1 port {port}: ")
    assert "METRICS_PORT" in line


async def test_a_service_with_metrics_counts_logins_and_has_the_limit_of_its_pool(make_service: MakeService) -> None:
    from doorward.observability.metrics import REGISTRY  # noqa: PLC0415 - the next test checks that it is not loaded

    name, labels = "doorward_logins_total", {"outcome": "succeeded"}
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    service = await make_service(metrics_port=9464)
    await service.register_and_log_in()
    assert (REGISTRY.get_sample_value(name, labels) or 0.0) == before + 1
    assert REGISTRY.get_sample_value("doorward_database_pool_connections_limit") == 10


def test_without_a_metrics_port_no_metrics_module_is_loaded(environment: pytest.MonkeyPatch) -> None:
    del environment
    code = (
        "import sys; from doorward.commands import main; from doorward.wiring.application import app_from_environment; "
        "app_from_environment(); sys.exit(any(name.startswith('prometheus_client') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=DEADLINE).returncode == 0
