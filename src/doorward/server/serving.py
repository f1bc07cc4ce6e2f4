"""HTTP served by uvicorn: its configuration, its workers, the limits of connections, and the metrics."""

import contextlib
import functools
import resource
import socket
from collections.abc import Callable, Iterator
from typing import Final, Literal

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import ChangeReload

from doorward.observability.metrics_endpoint import serving_metrics
from doorward.server.factory import ProtocolFactory
from doorward.server.limits import ConnectionLimits, connection_limit
from doorward.server.listening import cannot_listen
from doorward.server.signals import ending_signals_handled
from doorward.server.worker import create_worker_app
from doorward.server.workers import Workers
from doorward.settings.browsers import BrowserSettings
from doorward.settings.config import Settings
from doorward.settings.database import DatabaseSettings
from doorward.settings.server import ServerSettings
from doorward.settings.telemetry import TelemetrySettings
from doorward.wiring.application import app_to_serve
from doorward.wiring.stopping import GRACE_SECONDS

Application = str | Callable[[], FastAPI]
"""A function that returns the application, or its name for workers, which import it."""

WORKER_TIMEOUT_SECONDS: Final = 60
"""A worker that does not answer its parent for so long is replaced. It answers once its modules are loaded, which on a
busy machine takes longer than uvicorn's default of 5 s: each new worker would be killed before it serves."""


def serve(listener: socket.socket, settings: Settings, *, reload: bool) -> None:
    """Serve until a signal ends it; ``reload`` restarts the server when the code changes.

    Raises ``CannotListenError`` if the metrics cannot be served, on their port at the listener's host.
    """
    has_workers = _has_workers(settings.server, reload=reload)
    protocol = protocol_factory(settings.server, settings.database, settings.browsers, settings.telemetry)
    config = server_config(application_to_serve(settings, reload=reload), settings.server, protocol, reload=reload)
    server = uvicorn.Server(config)
    host = listener.getsockname()[0]
    with ending_signals_handled(), metrics_served(host, settings.telemetry, has_workers=has_workers):
        if reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        elif settings.server.web_concurrency > 1:
            Workers(config, sockets=[listener]).run()
        else:
            # After its graceful end the server raises the signal again. Ctrl+C requested that end.
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listener])


def application_to_serve(settings: Settings, *, reload: bool) -> Application:
    """Return what uvicorn calls for the application.

    A worker is another process and reads its settings itself. In this process they are already read.
    """
    if _has_workers(settings.server, reload=reload):
        return f"{create_worker_app.__module__}:{create_worker_app.__name__}"
    return functools.partial(app_to_serve, settings)


def server_config(
    application: Application,
    settings: ServerSettings,
    protocol: ProtocolFactory | Literal["httptools"],
    *,
    reload: bool,
) -> uvicorn.Config:
    """Return uvicorn's configuration. ``protocol`` is the service's own, or uvicorn's for a comparison."""
    return uvicorn.Config(
        application,
        factory=True,
        http=protocol,  # type: ignore[arg-type] # uvicorn only calls it
        ws="none",
        workers=settings.web_concurrency,
        reload=reload,
        reload_dirs=["src"] if reload else None,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=WORKER_TIMEOUT_SECONDS,
    )


def _has_workers(settings: ServerSettings, *, reload: bool) -> bool:
    """Return whether other processes than this one serve."""
    return reload or settings.web_concurrency > 1


def protocol_factory(
    server: ServerSettings, database: DatabaseSettings, browsers: BrowserSettings, telemetry: TelemetrySettings
) -> ProtocolFactory:
    """Return the factory of protocols, with the limits of the settings and of this process."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = connection_limit(
        server.max_connections,
        descriptors=descriptors,
        other_descriptors=database.db_pool_max_conn + 1,
    )
    return ProtocolFactory(
        ConnectionLimits(connections=limit),
        is_https=(browsers.public_url or "").startswith("https://"),
        observe=_set_connection_gauges if telemetry.metrics_port else None,
    )


def _set_connection_gauges(count: int, limit: int) -> None:
    from doorward.observability.metrics import HTTP_CONNECTIONS, HTTP_CONNECTIONS_LIMIT  # noqa: PLC0415 - see there

    HTTP_CONNECTIONS.set(count)
    HTTP_CONNECTIONS_LIMIT.set(limit)


@contextlib.contextmanager
def metrics_served(host: str, settings: TelemetrySettings, *, has_workers: bool) -> Iterator[None]:
    """Serve /metrics within the block if METRICS_PORT is set. Raises ``CannotListenError``."""
    with contextlib.ExitStack() as stack:
        if settings.metrics_port:
            try:
                stack.enter_context(serving_metrics(host, settings.metrics_port, has_workers=has_workers))
            except OSError as error:
                raise cannot_listen(host, settings.metrics_port, error, "METRICS_PORT") from error
        yield
