"""The product's companions in production, as containers: Redis, a load balancer, PgBouncer, RabbitMQ."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.e2e.pgbouncer import pgbouncer_configuration
from tests.e2e.stack import READY_SECONDS, Companion

REDIS_IMAGE: Final = "redis:8.0"
HAPROXY_IMAGE: Final = "haproxy:3.0"
PGBOUNCER_IMAGE: Final = "edoburu/pgbouncer:v1.24.1-p1"
RABBITMQ_IMAGE: Final = "rabbitmq:4.0"
LABELS: Final = {"doorward.run": os.environ.get("DOORWARD_RUN", "by-hand")}
"""Identifies the containers that a killed run has left."""

ENGINE: Final = {"timeout": 300}
"""Timeout in seconds for one response of the engine, which may be busy with other work."""

PGBOUNCER_PORT: Final = 6432
RABBITMQ_PORT: Final = 5672
HAPROXY_CONFIGURATION: Final = Path(__file__).parents[2] / "docker" / "haproxy.cfg"
LISTENING: Final = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qi ':{port:04X} 0*:0000 0A'"


class Container(Companion):
    """A container that others reach by its name in the network."""

    def __init__(self, container: DockerContainer, name: str, port: int) -> None:
        self.container = container
        self._name = name
        self._port = port

    def address(self) -> str:
        return f"{self._name}:{self._port}"

    def suspend(self) -> None:
        self.container.get_wrapped_container().pause()

    def resume(self) -> None:
        self.container.get_wrapped_container().unpause()

    def wait_until_listening(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self.container.exec(["sh", "-c", LISTENING.format(port=self._port)]).exit_code != 0:
            assert time.monotonic() < deadline, self.container.get_logs()
            time.sleep(0.05)


@contextlib.contextmanager
def _running(container: DockerContainer, network: Network, name: str, port: int, **options: str) -> Iterator[Container]:
    container.with_network(network).with_network_aliases(name).with_kwargs(labels=LABELS, **options)
    with container:
        companion = Container(container, name, port)
        companion.wait_until_listening()
        yield companion


def redis(network: Network) -> contextlib.AbstractContextManager[Container]:
    command = ["redis-server", "--protected-mode", "no", "--save", "", "--appendonly", "no"]
    return _running(DockerContainer(REDIS_IMAGE, docker_client_kw=ENGINE).with_command(command), network, "redis", 6379)


def load_balancer(network: Network) -> contextlib.AbstractContextManager[Container]:
    """Run the load balancer of `inv up --replicas`, which finds the copies by their name in the network."""
    container = DockerContainer(HAPROXY_IMAGE, docker_client_kw=ENGINE).with_exposed_ports(8080)
    container.with_copy_into_container(HAPROXY_CONFIGURATION, "/usr/local/etc/haproxy/haproxy.cfg")
    return _running(container, network, "load-balancer", 8080)


def pgbouncer(
    network: Network, server: str, settings: Sequence[str], users: str
) -> contextlib.AbstractContextManager[Container]:
    listening = [f"listen_port = {PGBOUNCER_PORT}", "listen_addr = *"]
    users_known = ["auth_type = scram-sha-256", "auth_file = /etc/pgbouncer/userlist.txt"]
    configuration = pgbouncer_configuration(server, [*listening, *users_known, *settings])
    container = DockerContainer(PGBOUNCER_IMAGE, docker_client_kw=ENGINE)
    container.with_copy_into_container(configuration.encode(), "/etc/pgbouncer/pgbouncer.ini")
    container.with_copy_into_container(users.encode(), "/etc/pgbouncer/userlist.txt")
    return _running(container, network, "pgbouncer", PGBOUNCER_PORT)


class Broker(Container):
    """RabbitMQ, reached by services in the network and by consumers on this machine."""

    def url(self) -> str:
        """Return the URL for services."""
        return f"amqp://guest:guest@{self.address()}/"

    def outer_url(self) -> str:
        """Return the URL on this machine, which changes at a restart."""
        return f"amqp://guest:guest@{self.container.get_container_host_ip()}:{self.container.get_exposed_port(self._port)}/"

    def kill(self) -> None:
        self.container.get_wrapped_container().kill()

    def start(self) -> None:
        self.container.get_wrapped_container().start()
        self.wait_until_listening()


@contextlib.contextmanager
def rabbitmq(network: Network) -> Iterator[Broker]:
    """Run RabbitMQ with a fixed host name, because its data are stored under that name."""
    container = DockerContainer(RABBITMQ_IMAGE, docker_client_kw=ENGINE).with_exposed_ports(RABBITMQ_PORT)
    with _running(container, network, "rabbitmq", RABBITMQ_PORT, hostname="rabbitmq"):
        yield Broker(container, "rabbitmq", RABBITMQ_PORT)
