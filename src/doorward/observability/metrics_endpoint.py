"""Serve /metrics on a separate port, once for all workers of a service.

The metrics of a single worker are read from its memory. Several workers write their metrics to files in a folder that
this process owns, and their sums are served: see ``worker_metrics``.

The client library is imported only if METRICS_PORT is set, because the import takes time and memory.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from doorward.observability.metrics_server import MetricsPage, MetricsServer, listen

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER_VARIABLE: Final = "DOORWARD_METRICS_FOLDER"
"""Environment variable with the folder to which workers write. It is not a setting: the parent sets it for them."""

LIBRARY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Removed, because it may be set for another application. The library would map files of that folder into memory."""


@contextlib.contextmanager
def serving_metrics(host: str, port: int, *, has_workers: bool) -> Iterator[None]:
    """Serve within the block, in which workers must be started. Raises ``OSError`` if the port is in use."""
    os.environ.pop(LIBRARY_VARIABLE, None)
    os.environ.pop(FOLDER_VARIABLE, None)
    with contextlib.ExitStack() as stack:
        if has_workers:
            folder = tempfile.TemporaryDirectory(prefix="doorward-metrics-", ignore_cleanup_errors=True)
            os.environ[FOLDER_VARIABLE] = stack.enter_context(folder)
        registry = _registry(shared_folder())
        with listen(host, port) as listener, MetricsServer(partial(_page, registry)).running(listener):
            yield


def shared_folder() -> Path | None:
    """Return the folder to which this process writes its metrics as one of several workers; None for a single one."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None


def remove_shared_folder() -> None:
    """Remove the folder of the workers' metrics, if the process that owns it was killed."""
    if folder := shared_folder():
        shutil.rmtree(folder, ignore_errors=True)


def _page(registry: "CollectorRegistry", accept: str) -> MetricsPage:
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - only with METRICS_PORT

    encode, content_type = choose_encoder(accept)
    return MetricsPage(content_type, encode(registry))


def _registry(folder: Path | None) -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - only with METRICS_PORT

    if folder is None:
        from doorward.observability.metrics import REGISTRY  # noqa: PLC0415 - only with METRICS_PORT

        return REGISTRY
    from doorward.observability.worker_metrics import AllWorkers  # noqa: PLC0415 - only with METRICS_PORT

    registry = CollectorRegistry()
    registry.register(AllWorkers(folder))
    return registry
