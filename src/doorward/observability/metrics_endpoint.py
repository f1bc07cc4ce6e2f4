"""/metrics on a port of its own, once for all workers of a service.

One worker's numbers are read where they are. Of several workers, each writes its own to files of a folder that this
process owns (the client library's multi-process mode), and the sums are read from there.

The library decides by the environment, when it is first imported, how numbers are kept. So it is imported here, and in
the workers, after the environment is set, and nowhere when METRICS_PORT is 0.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from doorward.observability.logging import get_logger
from doorward.observability.metrics_server import MetricsServer, Page, listen

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
RESERVED_BYTES: Final = {
    "counter": 64 * 1024,
    "gauge_livemax": 64 * 1024,
    "gauge_livesum": 64 * 1024,
    "histogram": 4 * 1024 * 1024,
}
"""For each file of a process: more than every series that there can be. Powers of two, as the library grows them."""

_DEAD: Final = "dead"
"""In the place of a process's number: files with the sums of those that ended."""

logger = get_logger()


@contextlib.contextmanager
def serving_metrics(host: str, port: int, *, has_workers: bool) -> Iterator[None]:
    """Serve within the block; workers are to be started within it. Raises ``OSError`` when the port is not free."""
    with _folder() if has_workers else contextlib.nullcontext() as folder:
        if folder is None:
            os.environ.pop(FOLDER_VARIABLE, None)
        else:
            os.environ[FOLDER_VARIABLE] = str(folder)
        registry = _registry(folder)
        with listen(host, port) as listener, MetricsServer(partial(_page, registry)).running(listener):
            yield


def _page(registry: "CollectorRegistry", accept: str) -> Page:
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - after the environment is set

    encode, content_type = choose_encoder(accept)
    return Page(content_type, encode(registry))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="doorward-metrics-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_shared_folder() -> None:
    """Remove the folder of all workers' numbers, when the process that owns it was killed."""
    if FOLDER_VARIABLE in os.environ:
        shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)


def reserve_space() -> None:
    """Take, as one of several workers, the space of all its numbers, before anything imports the client library.

    That maps its files into memory, and where the disk is full, the first touch of a new page would kill the process.
    A worker that finds no space counts for itself: its numbers are missing until its next start.
    """
    if FOLDER_VARIABLE not in os.environ:
        return
    folder = Path(os.environ[FOLDER_VARIABLE])
    files = {folder / f"{kind}_{os.getpid()}.db": kind for kind in RESERVED_BYTES}
    try:
        for file, kind in files.items():
            _reserve(file, RESERVED_BYTES[kind])
    except OSError as error:
        for file in files:
            file.unlink(missing_ok=True)
        del os.environ[FOLDER_VARIABLE]
        logger.warning("metrics.not_shared", error=type(error).__name__)


def _reserve(file: Path, size: int) -> None:
    """Make a file without numbers. Raises ``OSError``, and leaves nothing, where there is no space."""
    # By another name, lest a scrape finds it unfinished.
    unfinished = file.with_suffix(".new")
    try:
        unfinished.write_bytes(bytes(size))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _registry(folder: Path | None) -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - after the environment is set

    if folder is None:
        from doorward.observability.metrics import REGISTRY  # noqa: PLC0415 - as above

        return REGISTRY
    registry = CollectorRegistry()
    registry.register(_AllWorkers(folder))
    return registry


class _AllWorkers:
    """A collector of what all workers of a folder told, those that ended included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Any]:
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - after the environment is set

        bury_dead_workers(self._folder)
        return list(MultiProcessCollector(None, str(self._folder)).collect())


def bury_dead_workers(folder: Path) -> None:
    """Remove the files of processes that are gone: what they counted stays in the sums, what they were is forgotten.

    So no counter falls, and a worker that is restarted again and again fills no disk.
    """
    for file in folder.glob("*.db"):
        kind, _, process = file.stem.rpartition("_")
        if process == _DEAD or _lives(int(process)):
            continue
        if not kind.startswith("gauge"):
            total = folder / f"{kind}_{_DEAD}.db"
            try:
                if not total.exists():
                    _reserve(total, RESERVED_BYTES[kind])
            except OSError:
                # What it counted is read where it is until there is space.
                continue
            _add(file, total)
        file.unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _add(file: Path, total: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 - after the environment is set

    sums = MmapedDict(str(total))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
        sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    sums.close()
