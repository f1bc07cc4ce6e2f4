"""Signals and the death of the parent: pending requests are answered, and no process is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from development.ports import free_port
from tests.integration.server.served import DEADLINE, HeldRequest, Served, is_alive, wait_until

ENDING = (signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)
LEFT_ALONE = {
    *(signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGCONT),
    *(signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGSYS, signal.SIGTRAP),
}
ENDED_BY_SIGTERM = {0, -signal.SIGTERM}
REFUSED_LOGIN = 401

# Blocks in a call that SIGINT does not interrupt.
STUCK_WORKER = """
import multiprocessing, os, signal, sys, time
from doorward.server.worker import end_with_parent

def work():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(multiprocessing.parent_process(), 0.1)
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work).start()
    time.sleep(600)
"""


@pytest.fixture
def ending_signals_not_ignored() -> Iterator[None]:
    """Processes inherit ignored signals: `nohup` and a shell's background jobs ignore some that these tests send."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, action in before.items():
        signal.signal(number, action)


@pytest.fixture
def configured(environment: pytest.MonkeyPatch, shared_database: str) -> None:
    environment.setenv("DATABASE_URL", shared_database)


@pytest.mark.usefixtures("configured", "ending_signals_not_ignored")
@pytest.mark.parametrize(("workers", "ending"), [(1, signal.SIGQUIT), (2, signal.SIGHUP)])
def test_no_signal_interrupts_a_request(tmp_path: Path, workers: int, ending: signal.Signals) -> None:
    with Served(tmp_path, WEB_CONCURRENCY=str(workers)) as served:
        served.wait_until_served(workers)
        processes = {served.process.pid, *served.workers()}
        ignored = signal.valid_signals() - LEFT_ALONE - set(ENDING)
        assert {signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGRTMAX} < ignored
        held = [HeldRequest(served) for _ in range(4)]
        for number in ignored:
            for process in processes:
                os.kill(process, number)
        assert served.status_of("/health/liveness") == 200
        # Sent to parent and workers, as a closed terminal does.
        os.killpg(served.process.pid, ending)
        wait_until(lambda: served.log().count("Shutting down") == workers, served.log)
        assert {served.process.pid, *served.workers()} == processes
        assert [each.finish() for each in held] == [REFUSED_LOGIN] * 4
        assert served.process.wait(DEADLINE) in ENDED_BY_SIGTERM
        assert "Traceback" not in served.log()


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("options", "workers"), [([], 2), (["--reload"], 1)], ids=["two workers", "reload"])
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, options: list[str], workers: int) -> None:
    (tmp_path / "src").mkdir()
    settings = {"WEB_CONCURRENCY": str(workers), "SHUTDOWN_DRAIN_SECONDS": "300", "METRICS_PORT": str(free_port())}
    with Served(tmp_path, *options, **settings) as served:
        served.wait_until_served(workers)
        orphans = served.workers()
        assert len(orphans) == workers
        assert list(tmp_path.glob("doorward-metrics-*"))
        held = HeldRequest(served)
        served.process.kill()
        # Before the response, because a restart needs the port at once.
        wait_until(served.port_is_free, served.log)
        assert any(is_alive(orphan) for orphan in orphans)
        assert held.finish() == REFUSED_LOGIN
        wait_until(lambda: not any(is_alive(orphan) for orphan in orphans), served.log)
        assert served.log().count("service.parent_gone") == workers
        assert not list(tmp_path.glob("doorward-metrics-*"))
        assert "Traceback" not in served.log()


def test_a_worker_that_does_not_react_to_the_death_of_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(STUCK_WORKER, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        parent.kill()
        wait_until(lambda: not is_alive(worker))
