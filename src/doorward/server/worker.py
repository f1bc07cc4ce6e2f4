"""The start of a worker process: its signals, the end of its parent, and the application."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess
from typing import Final

from fastapi import FastAPI

from doorward.observability.events import ServiceParentGone
from doorward.observability.logging import report
from doorward.observability.metrics_endpoint import remove_shared_folder
from doorward.server.signals import handle_ending_signals
from doorward.wiring.application import app_from_environment
from doorward.wiring.stopping import GRACE_SECONDS

ORPHAN_SECONDS: Final = GRACE_SECONDS + 5
"""How long a worker may outlive its parent, even if it does not react."""


def create_worker_app() -> FastAPI:
    """Prepare a worker process, and return its application. uvicorn calls it once in each worker."""
    handle_ending_signals()
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_parent(parent, ORPHAN_SECONDS)
    return app_from_environment()


def end_with_parent(parent: BaseProcess, seconds: float) -> None:
    """End this process when its parent has ended without it, as after SIGKILL or the kernel's out-of-memory killer.

    The process closes its listening socket at once, so that a restarted service can listen on the same address, and
    finishes the requests in progress. If it still runs ``seconds`` later, it is killed.
    """

    def wait() -> None:
        # Waits for the end of a pipe that only the parent can write to.
        parent.join()
        # Ends serving without the delay for load balancers, which SIGTERM would include.
        os.kill(os.getpid(), signal.SIGINT)
        report(ServiceParentGone(seconds=seconds))
        remove_shared_folder()
        threading.Event().wait(seconds)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()
