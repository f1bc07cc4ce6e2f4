"""Settings of the HTTP server."""

from pydantic import Field

from doorward.settings.topic import Topic


class ServerSettings(Topic):
    """Where the service listens, worker processes, connections of clients, and the end of the service."""

    host: str = Field("127.0.0.1", min_length=1, examples=["::"])
    """Address to listen on: `0.0.0.0` for all of IPv4, `::` for all of IPv6 and IPv4, and on a machine with IPv6 alone
    for those that it has. The option `--host` wins."""

    port: int = Field(8000, ge=0, le=65535, examples=["8080"])
    """Port to listen on. 0: a free one, which the log names. The option `--port` wins."""

    shutdown_drain_seconds: int = Field(5, ge=0, le=300, examples=["5"])
    """After SIGTERM, readiness says 503 for this many seconds while requests are still answered, so that a load
    balancer notices before the sockets close. 0: they close at once."""

    web_concurrency: int = Field(1, ge=1, le=64, examples=["2"])
    """Worker processes."""

    max_connections: int = Field(1000, ge=8, le=100_000, examples=["1000"])
    """Connections from clients that each worker holds at a time, as far as its limit of open files allows. At the
    limit, those without a complete request are closed for new ones."""
