"""HTTP served by uvicorn: where it listens, by how many workers, how long connections stay open, and the end."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import uvicorn
from uvicorn.supervisors import ChangeReload, Multiprocess
from uvicorn.supervisors.multiprocess import Process

from doorward.bootstrap import app_from_environment
from doorward.core.config import Settings
from doorward.core.logging import get_logger
from doorward.infrastructure.metrics_endpoint import serving_metrics

GRACE_SECONDS: Final = 20
"""How long requests under way may take after SIGTERM."""

KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection may idle. Load balancers keep theirs for 60 or less: of two, the one that sends must close."""

WORKER_POLL_SECONDS: Final = 0.1

logger = get_logger()


class CannotListenError(Exception):
    """An address is taken, or none of this machine's. The message is one line with the remedy."""


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take connections within the block, to be answered by whoever serves. Raises ``CannotListenError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        try:
            # A kernel without IPv6 refuses to make the socket.
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen()
        except (OSError, OverflowError) as error:
            raise _cannot_listen(host, port, error, "--port") from error
        listener.set_inheritable(True)
        logger.info("service.listening", host=host, port=listener.getsockname()[1])
        yield listener


def serve(listener: socket.socket, settings: Settings, *, reload: bool) -> None:
    """Answer until a signal ends it; ``reload`` starts anew when the code changes.

    Raises ``CannotListenError`` for the port of the metrics, which is at the listener's host.
    """
    config = uvicorn.Config(
        f"{app_from_environment.__module__}:{app_from_environment.__name__}",
        factory=True,
        workers=settings.web_concurrency,
        reload=reload,
        reload_dirs=["src"] if reload else None,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    with _metrics_served(listener.getsockname()[0], settings, has_workers=reload or settings.web_concurrency > 1):
        if reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        elif settings.web_concurrency > 1:
            Workers(config, sockets=[listener]).run()
        else:
            # After its graceful end the server raises the signal anew. Ctrl+C asked for that end.
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listener])


class Workers(Multiprocess):
    """uvicorn's parent of several workers, which also hears SIGINT while it waits for their end.

    The first SIGINT ends their drain, as it does without workers; requests under way finish. The next one kills them.
    """

    def handle_int(self) -> None:
        """End, and have the workers told why."""
        super().handle_int()
        self.signal_queue.append(signal.SIGINT)

    def join_all(self) -> None:
        """Wait for the workers' end, which SIGINT hastens."""
        hasten = self._interrupt
        while living := [worker for worker in self.processes if worker.process.is_alive()]:
            if signal.SIGINT in self.signal_queue:
                self.signal_queue.remove(signal.SIGINT)
                hasten(living)
                hasten = self._kill
            living[0].process.join(WORKER_POLL_SECONDS)
        super().join_all()

    @staticmethod
    def _interrupt(workers: Sequence[Process]) -> None:
        for worker in workers:
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGINT)

    @staticmethod
    def _kill(workers: Sequence[Process]) -> None:
        for worker in workers:
            worker.kill()


@contextlib.contextmanager
def _metrics_served(host: str, settings: Settings, *, has_workers: bool) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if settings.metrics_port:
            try:
                stack.enter_context(serving_metrics(host, settings.metrics_port, has_workers=has_workers))
            except OSError as error:
                raise _cannot_listen(host, settings.metrics_port, error, "METRICS_PORT") from error
        yield


def _cannot_listen(host: str, port: int, error: Exception, remedy: str) -> CannotListenError:
    return CannotListenError(
        f"cannot listen on {host} port {port}: {getattr(error, 'strerror', error)}. "
        f"Choose another with {remedy}, or stop what uses it"
    )
