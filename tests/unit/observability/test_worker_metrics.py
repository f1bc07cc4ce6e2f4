"""The sums over the running and the ended workers of a service."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from doorward.observability.metrics import BUILD_INFO, CLOCK_DIFFERENCE, OUTBOX_DEAD, OUTBOX_DUE, OUTBOX_OLDEST
from doorward.observability.worker_metrics import GAUGES_BY_MAXIMUM, AllWorkers, WorkerFile

OF_ALL_COPIES = (BUILD_INFO, CLOCK_DIFFERENCE, OUTBOX_DEAD, OUTBOX_DUE, OUTBOX_OLDEST)


class Numbers:
    """One worker's registry, and its file."""

    def __init__(self, folder: Path) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls", ["route"], registry=self.registry)
        self.seconds = Histogram("seconds", "Durations", buckets=(1, 2), registry=self.registry)
        self.load = Gauge("load", "Load", registry=self.registry)
        self.difference = Gauge("doorward_clock_difference_seconds", "Difference", registry=self.registry)
        self.file = WorkerFile(folder, self.registry)


NewWorker = Callable[[], Numbers]


@pytest.fixture
def new_worker(tmp_path: Path) -> Iterator[NewWorker]:
    """Yield a function that creates the numbers of another worker in the same folder."""
    with ExitStack() as stack:

        def new() -> Numbers:
            numbers = Numbers(tmp_path)
            stack.callback(numbers.file.close)
            return numbers

        yield new


def shown(all_workers: AllWorkers) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(all_workers)
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_numbers_of_workers_are_added_and_some_gauges_show_the_maximum(tmp_path: Path, new_worker: NewWorker) -> None:
    for count, difference in ((2, 0.5), (3, 0.25)):
        numbers = new_worker()
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
    assert {family.name for gauge in OF_ALL_COPIES for family in gauge.collect()} == GAUGES_BY_MAXIMUM


def test_counts_of_ended_workers_stay_and_their_gauges_and_files_are_removed(
    tmp_path: Path, new_worker: NewWorker
) -> None:
    all_workers = AllWorkers(tmp_path)
    living = new_worker()
    for ended in range(1, 4):
        numbers = new_worker()
        numbers.calls.labels("/me").inc(2)
        numbers.seconds.observe(0.5)
        numbers.load.set(7)
        numbers.file.write()
        numbers.file.close()
        living.load.set(1)
        living.file.write()
        for _ in range(2):
            numbers_shown = shown(all_workers)
            assert numbers_shown['calls_total{route="/me"}'] == 2 * ended
            assert numbers_shown["seconds_sum"] == 0.5 * ended
            assert numbers_shown["load"] == 1
        assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".lock"}
        assert len(list(tmp_path.iterdir())) == 2


def test_a_worker_with_the_process_id_of_an_ended_one_hides_none_of_its_counts(
    tmp_path: Path, new_worker: NewWorker
) -> None:
    # Both have the ID of this process.
    ended, living = new_worker(), new_worker()
    for numbers in (ended, living):
        numbers.calls.labels("/me").inc()
        numbers.load.set(1)
        numbers.file.write()
    ended.file.close()
    numbers_shown = shown(AllWorkers(tmp_path))
    assert (numbers_shown['calls_total{route="/me"}'], numbers_shown["load"]) == (2, 1)


def test_on_a_full_disk_the_last_numbers_stay_and_nothing_raises(
    tmp_path: Path, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, all_workers = new_worker(), AllWorkers(tmp_path)
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
        assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".lock"}
    numbers.file.write()
    assert shown(all_workers)['calls_total{route="/me"}'] == 2


def test_a_missing_folder_raises_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    numbers = Numbers(folder)
    shutil.rmtree(folder)
    numbers.file.write()
    assert not folder.exists()
