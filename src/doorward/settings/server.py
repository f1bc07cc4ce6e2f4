"""Settings of the HTTP server."""

from pydantic import Field

from doorward.settings.topic import Topic


class ServerSettings(Topic):
    """The address to listen on, worker processes, connections, and shutdown."""

    host: str = Field("127.0.0.1", min_length=1, examples=["::"])
    """Address to listen on: `0.0.0.0` for all IPv4 addresses, `::` for all IPv6 and IPv4 addresses of the machine. The
    option `--host` overrides it."""

    port: int = Field(8000, ge=0, le=65535, examples=["8080"])
    """Port to listen on. 0: a free port, which is logged. The option `--port` overrides it."""

    shutdown_drain_seconds: int = Field(5, ge=0, le=300, examples=["5"])
    """After SIGTERM, the readiness check answers 503 for this many seconds while requests are still answered, so that a
    load balancer notices before the sockets close. 0: they close at once."""

    web_concurrency: int = Field(1, ge=1, le=64, examples=["2"])
    """Number of worker processes."""

    max_connections: int = Field(1000, ge=8, le=100_000, examples=["1000"])
    """Maximum number of client connections of each worker; its limit of open files may lower it. At the maximum, new
    connections replace those without a complete request."""
