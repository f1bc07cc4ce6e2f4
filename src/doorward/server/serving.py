"""HTTP served by uvicorn: where it listens, by how many workers, how long connections stay open, and the end."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from uvicorn.supervisors import ChangeReload

from doorward.bootstrap import app_from_environment
from doorward.core.config import Settings
from doorward.infrastructure.metrics_endpoint import serving_metrics
from doorward.server.listening import cannot_listen
from doorward.server.workers import Workers

GRACE_SECONDS: Final = 20
"""How long requests under way may take after SIGTERM."""

KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection may idle. Load balancers keep theirs for 60 or less: of two, the one that sends must close."""


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


@contextlib.contextmanager
def _metrics_served(host: str, settings: Settings, *, has_workers: bool) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if settings.metrics_port:
            try:
                stack.enter_context(serving_metrics(host, settings.metrics_port, has_workers=has_workers))
            except OSError as error:
                raise cannot_listen(host, settings.metrics_port, error, "METRICS_PORT") from error
        yield
