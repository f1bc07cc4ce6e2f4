"""The metrics of several workers: each writes its own to a file, and the process that serves /metrics adds them up.

The client library counts in the memory of each worker. Its multi-process mode is not used: it maps files into memory,
so that a full disk kills a worker, and it keeps the files of ended workers forever.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from doorward.observability.events import MetricsNotShared
from doorward.observability.logging import report

GAUGES_BY_MAXIMUM: Final = frozenset(
    {"doorward_clock_difference_seconds", "doorward_build_info"}
    | {"doorward_outbox_due", "doorward_outbox_oldest_seconds", "doorward_outbox_dead"}
)
"""Gauges of which the maximum is served. All other values are added."""

_CREATED: Final = "_created"
"""Suffix of samples that the library adds, with the time at which a counter was created. They are omitted."""


Labels = tuple[tuple[str, str], ...]


class WorkerFile:
    """The file with the metrics of one worker.

    A second file next to it is locked while the worker is alive. The kernel releases the lock when the process ends,
    even if it is killed. The process id would not suffice, because another process may get the same one.
    """

    def __init__(self, folder: Path, registry: CollectorRegistry) -> None:
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(8)}.json"
        self._lock: IO[bytes] | None = None
        self._registry = registry
        self._is_written = True

    def write(self) -> None:
        """Replace the content of the file by the current values.

        If writing fails, the last values stay, and the failure is reported once.
        """
        families = [
            [family.name, family.documentation, family.type, [[*sample[:3]] for sample in family.samples]]
            for family in self._registry.collect()
        ]
        unfinished = self._path.with_suffix(".new")
        try:
            if self._lock is None:
                self._lock = _locked(_lock_path(self._path))
            unfinished.write_text(json.dumps(families), encoding="utf-8")
            unfinished.replace(self._path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            if self._is_written:
                report(MetricsNotShared(error=type(error).__name__))
            self._is_written = False
        else:
            self._is_written = True

    def close(self) -> None:
        """Release the lock. From now on, the file counts as that of an ended worker."""
        if self._lock is not None:
            self._lock.close()


class AllWorkers(Collector):
    """The sums over all workers of a folder. They include the counters of ended workers, so that none decreases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = _Sums()

    def collect(self) -> Iterator[Metric]:
        """Yield each metric. Files of ended workers are removed."""
        sums = _Sums()
        for path in sorted(self._folder.glob("*.json")):
            # Checked before reading, so that the last values of an ended worker are read after it has ended.
            is_alive = _is_locked(_lock_path(path))
            families = json.loads(path.read_text(encoding="utf-8"))
            if is_alive:
                sums.add(families)
            else:
                self._ended.add([family for family in families if family[2] != "gauge"])
                path.unlink()
                _lock_path(path).unlink()
        sums.add(self._ended.families())
        for name, documentation, kind, samples in sums.families():
            metric = Metric(name, documentation, kind)
            for sample_name, labels, value in samples:
                metric.add_sample(sample_name, labels, value)
            yield metric


class _Sums:
    """Values by metric, sample and labels, in the order in which they were first added."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, str]] = {}
        self._values: dict[str, dict[tuple[str, Labels], float]] = {}

    def add(self, families: list[Any]) -> None:
        for name, documentation, kind, samples in families:
            self._kinds[name] = (documentation, kind)
            values = self._values.setdefault(name, {})
            for sample_name, labels, value in samples:
                if sample_name.endswith(_CREATED):
                    continue
                key = (sample_name, tuple(labels.items()))
                present = values.get(key, 0.0)
                values[key] = max(present, value) if name in GAUGES_BY_MAXIMUM else present + value

    def families(self) -> list[Any]:
        return [
            [name, *self._kinds[name], [[sample, dict(labels), value] for (sample, labels), value in values.items()]]
            for name, values in self._values.items()
        ]


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _locked(path: Path) -> IO[bytes]:
    file = path.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
