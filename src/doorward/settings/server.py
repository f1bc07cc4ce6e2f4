"""Settings of the HTTP server."""

from pydantic import Field

from doorward.settings.topic import Topic


class ServerSettings(Topic):
    """Worker processes, connections of clients, and the end of the service."""

    shutdown_drain_seconds: int = Field(5, ge=0, le=300, examples=["5"])
    """After SIGTERM, readiness says 503 for this many seconds while requests are still answered, so that a load
    balancer notices before the sockets close. 0: they close at once."""

    web_concurrency: int = Field(1, ge=1, le=64, examples=["2"])
    """Worker processes."""

    max_connections: int = Field(1000, ge=8, le=100_000, examples=["1000"])
    """Connections from clients that each worker holds at a time, as far as its limit of open files allows. At the
    limit, those without a complete request are closed for new ones."""
