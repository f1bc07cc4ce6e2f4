"""The sums over the workers of a service, living and ended."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from doorward.observability.metrics import BUILD_INFO, CLOCK_DIFFERENCE
from doorward.observability.worker_metrics import MAXIMA, AllWorkers, WorkerFile


class Numbers:
    """One worker's registry, and its file."""

    def __init__(self, folder: Path) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls", ["route"], registry=self.registry)
        self.seconds = Histogram("seconds", "Durations", buckets=(1, 2), registry=self.registry)
        self.load = Gauge("load", "Load", registry=self.registry)
        self.difference = Gauge("doorward_clock_difference_seconds", "Difference", registry=self.registry)
        self.file = WorkerFile(folder, self.registry)


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def shown(all_workers: AllWorkers) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(all_workers)
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def end(folder: Path, dead: int) -> None:
    """Have the files in the folder be those of a process that has ended."""
    for path in folder.glob(f"{os.getpid()}-*.json"):
        path.rename(folder / path.name.replace(str(os.getpid()), str(dead), 1))


def test_numbers_of_workers_are_added_and_of_some_gauges_the_highest_is_shown(tmp_path: Path) -> None:
    for count, difference in ((2, 0.5), (3, 0.25)):
        numbers = Numbers(tmp_path)
        numbers.calls.labels("/me").inc(count)
        numbers.seconds.observe(1.5)
        numbers.load.set(count)
        numbers.difference.set(difference)
        numbers.file.write()
    assert shown(AllWorkers(tmp_path)) == {
        'calls_total{route="/me"}': 5,
        'seconds_bucket{le="1.0"}': 0,
        'seconds_bucket{le="2.0"}': 2,
        'seconds_bucket{le="+Inf"}': 2,
        "seconds_count": 2,
        "seconds_sum": 3,
        "load": 5,
        "doorward_clock_difference_seconds": 0.5,
    }


def test_the_gauges_with_a_maximum_are_those_of_the_service() -> None:
    assert {family.name for gauge in (BUILD_INFO, CLOCK_DIFFERENCE) for family in gauge.collect()} == MAXIMA


def test_counts_of_ended_workers_stay_and_their_gauges_and_files_go(tmp_path: Path, dead: int) -> None:
    all_workers = AllWorkers(tmp_path)
    living = Numbers(tmp_path)
    for ended in range(1, 4):
        numbers = Numbers(tmp_path)
        numbers.calls.labels("/me").inc(2)
        numbers.seconds.observe(0.5)
        numbers.load.set(7)
        numbers.file.write()
        end(tmp_path, dead)
        living.load.set(1)
        living.file.write()
        for _ in range(2):
            numbers_shown = shown(all_workers)
            assert numbers_shown['calls_total{route="/me"}'] == 2 * ended
            assert numbers_shown["seconds_sum"] == 0.5 * ended
            assert numbers_shown["load"] == 1
        assert len(list(tmp_path.iterdir())) == 1


def test_a_worker_with_the_number_of_an_ended_one_hides_none_of_its_counts(tmp_path: Path) -> None:
    for _ in range(2):
        numbers = Numbers(tmp_path)
        numbers.calls.labels("/me").inc()
        numbers.file.write()
    assert shown(AllWorkers(tmp_path))['calls_total{route="/me"}'] == 2


def test_on_a_full_disk_the_last_numbers_stay_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, all_workers = Numbers(tmp_path), AllWorkers(tmp_path)
    numbers.calls.labels("/me").inc()
    numbers.file.write()

    def full(path: Path, text: str, **_: object) -> int:
        path.write_bytes(text[:100].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patches:
        patches.setattr(Path, "write_text", full)
        numbers.calls.labels("/me").inc()
        numbers.file.write()
        assert shown(all_workers)['calls_total{route="/me"}'] == 1
        assert len(list(tmp_path.iterdir())) == 1
    numbers.file.write()
    assert shown(all_workers)['calls_total{route="/me"}'] == 2


def test_a_folder_that_is_gone_fails_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    numbers = Numbers(folder)
    shutil.rmtree(folder)
    numbers.file.write()
    assert not folder.exists()
