"""The product as its image, through Testcontainers, with the restrictions of production."""

import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.e2e import image_companions
from tests.e2e.image_companions import ENGINE, LABELS
from tests.e2e.stack import COLLECTOR, DATABASE, EXIT_SECONDS, READY_SECONDS, Companion, Outcome, Service, Stack

IMAGE: Final = "doorward:latest"
POSTGRES_IMAGE: Final = "postgres:17-trixie"
POSTGRES_ALIAS: Final = "postgres"
COPIES_ALIAS: Final = "service"
"""The network alias by which the load balancer finds its copies."""

SQL_FILE: Final = "/var/tmp/file.sql"
END_OF_OUTPUT: Final = "-- that is all"
"""A marker after psql's output, which is missing if the output was lost."""
TRIES: Final = 3
PORT: Final = 8080
METRICS_PORT: Final = 9464
COLLECTOR_PORT: Final = 4318
COLLECTOR_ALIAS: Final = "collector"
NO_HEALTH_CHECK: Final = {"test": ["NONE"]}
LOOPBACK_ONLY: Final = {"options": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}, "labels": LABELS}

# The helper image that removes leftovers may be unavailable: code that starts a container here also removes it.
testcontainers_config.ryuk_disabled = True
# Published ports are on this machine's loopback, also if the tests run in a container beside the engine.
testcontainers_config.tc_host_override = "127.0.0.1"
testcontainers_config.connection_mode_override = ConnectionMode.docker_host


def _product_container(
    settings: dict[str, str],
    network: Network,
    command: list[str] | None,
    secret_files: Mapping[str, str] | None = None,
    image: str = IMAGE,
    user: str | None = None,
) -> DockerContainer:
    """Return a container with production's restrictions; only one with secret files has the image's health check.

    The health check runs Python every ten seconds in each container, which is more work than most tests do.
    """
    container = DockerContainer(image, docker_client_kw=ENGINE).with_envs(**settings).with_network(network)
    container.tmpfs["/tmp"] = "size=288m,mode=1777"
    for name, value in (secret_files or {}).items():
        container.with_copy_into_container(value.encode(), f"/run/secrets/{name}")
    container.with_kwargs(
        # The engine cannot copy files into a read-only root.
        read_only=not secret_files,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        pids_limit=512,
        labels=LABELS,
        healthcheck=None if secret_files else NO_HEALTH_CHECK,
        user=user,
    )
    return container.with_command(command) if command else container


class ImageService(Service):
    """A container with the image's own command."""

    def __init__(
        self,
        settings: dict[str, str],
        network: Network,
        secret_files: Mapping[str, str] | None = None,
        alias: str | None = None,
        image: str = IMAGE,
        user: str | None = None,
    ) -> None:
        settings = {**settings, "METRICS_PORT": str(METRICS_PORT)}
        self.container = _product_container(settings, network, None, secret_files, image, user)
        self.container.with_exposed_ports(PORT, METRICS_PORT)
        if alias:
            self.container.with_network_aliases(alias)
        self._base_url = self._metrics_url = ""

    @property
    def base_url(self) -> str:
        return self._base_url

    @property
    def metrics_url(self) -> str:
        return self._metrics_url

    @property
    def docker(self) -> Any:
        """The engine's current state of the container."""
        wrapped = self.container.get_wrapped_container()
        wrapped.reload()
        return wrapped

    def start(self) -> None:
        try:
            stopped = self.container.get_wrapped_container()
        except Exception:  # noqa: BLE001 - the library raises it if there is no container yet
            self.container.start()
        else:
            stopped.start()
        # The engine chooses another port at each start.
        host = self.container.get_container_host_ip()
        self._base_url = f"http://{host}:{self.container.get_exposed_port(PORT)}"
        self._metrics_url = f"http://{host}:{self.container.get_exposed_port(METRICS_PORT)}/metrics"

    def is_running(self) -> bool:
        return bool(self.docker.status == "running")

    def terminate(self) -> None:
        self.docker.kill(signal="SIGTERM")

    def interrupt(self) -> None:
        self.docker.kill(signal="SIGINT")

    def wait(self) -> int:
        return int(self.docker.wait(timeout=EXIT_SECONDS)["StatusCode"])

    def logs(self) -> str:
        return str(self.docker.logs().decode())

    def process_statuses(self) -> str:
        return str(self.container.exec(["sh", "-c", "cat /proc/[0-9]*/status"]).output.decode())

    def remove(self) -> None:
        self.container.stop()


class ImageStack(Stack):
    """Containers on a separate network, in which PostgreSQL is reached by name."""

    def __init__(self) -> None:
        super().__init__()
        self.settings |= {
            "POSTGRES_HOST": POSTGRES_ALIAS,
            "POSTGRES_USER": "doorward",
            "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        }
        self._network = Network(docker_client_kw=ENGINE, docker_network_kw=LOOPBACK_ONLY)
        self._postgres = PostgresContainer(
            POSTGRES_IMAGE,
            username=self.settings["POSTGRES_USER"],
            password=self.settings["POSTGRES_PASSWORD"],
            dbname=DATABASE,
            docker_client_kw=ENGINE,
        )
        self._postgres.with_network(self._network).with_network_aliases(POSTGRES_ALIAS).with_kwargs(labels=LABELS)

        script = COLLECTOR.read_text(encoding="utf-8")
        self._collector = DockerContainer(IMAGE).with_network(self._network).with_network_aliases(COLLECTOR_ALIAS)
        self._collector.with_kwargs(
            entrypoint=["python", "-c", script, "0.0.0.0", str(COLLECTOR_PORT)],
            labels=LABELS,
            healthcheck=NO_HEALTH_CHECK,
        )

    def redis(self) -> contextlib.AbstractContextManager[Companion]:
        return image_companions.redis(self._network)

    def pgbouncer(self, settings: Sequence[str]) -> contextlib.AbstractContextManager[Companion]:
        user, password = self.settings["POSTGRES_USER"], self.settings["POSTGRES_PASSWORD"]
        server = f"host={POSTGRES_ALIAS} port=5432"
        return image_companions.pgbouncer(self._network, server, settings, f'"{user}" "{password}"')

    def rabbitmq(self) -> contextlib.AbstractContextManager[image_companions.Broker]:
        """Run a RabbitMQ that the services of this stack can reach."""
        return image_companions.rabbitmq(self._network)

    def load_balancer(self) -> contextlib.AbstractContextManager[image_companions.Container]:
        """Run the load balancer in front of all copies of this stack."""
        return image_companions.load_balancer(self._network)

    def copy(self, image: str = IMAGE, **settings: str) -> contextlib.AbstractContextManager[Service]:
        """Yield a service that is ready and that the load balancer finds."""
        return self._running(
            ImageService({**self.settings, **settings}, self._network, alias=COPIES_ALIAS, image=image)
        )

    def run_command_of(self, image: str, *arguments: str, **settings: str) -> Outcome:
        """Run `doorward ARGUMENTS` of another image to its end."""
        return self._run_command(arguments, {**self.settings, **settings}, image)

    def _run_command(self, arguments: Sequence[str], settings: dict[str, str], image: str = IMAGE) -> Outcome:
        container = _product_container(settings, self._network, list(arguments), image=image)
        with container:
            running = container.get_wrapped_container()
            status = running.wait(timeout=EXIT_SECONDS)["StatusCode"]
            return Outcome(status, running.logs().decode())

    def sql(self, query: str, database: str = DATABASE) -> str:
        """Return psql's output. On a busy machine the engine may lose it, so read-only queries are repeated."""
        user = self.settings["POSTGRES_USER"]
        options = ["-X", "-At", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-c", query]
        for _ in range(TRIES):
            result = self._postgres.exec(["sh", "-c", 'psql "$@" && echo "$0"', END_OF_OUTPUT, *options])
            output = result.output.decode().strip()
            assert result.exit_code == 0, output
            if output.endswith(END_OF_OUTPUT) or not query.startswith("SELECT"):
                return output.removesuffix(END_OF_OUTPUT).strip()
        raise AssertionError(f"the engine has lost {TRIES} times what psql said")

    def run_sql_file(self, text: str, database: str) -> None:
        self._postgres.copy_into_container(text.encode(), SQL_FILE)
        user = self.settings["POSTGRES_USER"]
        result = self._postgres.exec(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-f", SQL_FILE]
        )
        assert result.exit_code == 0, result.output.decode()

    def stop_database(self) -> None:
        self._postgres.get_wrapped_container().stop(timeout=EXIT_SECONDS)

    def start_database(self) -> None:
        self._postgres.get_wrapped_container().start()
        deadline = time.monotonic() + READY_SECONDS
        while self._postgres.exec(["pg_isready", "--quiet", "--host=127.0.0.1"]).exit_code != 0:
            assert time.monotonic() < deadline, "PostgreSQL did not come back"
            time.sleep(0.05)

    def freeze_database(self) -> None:
        self._postgres.get_wrapped_container().pause()

    def thaw_database(self) -> None:
        self._postgres.get_wrapped_container().unpause()

    def _start_database_server(self, resources: contextlib.ExitStack) -> None:
        resources.enter_context(self._network)
        resources.enter_context(self._postgres)

    def traces(self) -> str:
        return str(self._collector.get_wrapped_container().logs().decode())

    def _start_collector(self, resources: contextlib.ExitStack) -> str:
        resources.enter_context(self._collector)
        return f"http://{COLLECTOR_ALIAS}:{COLLECTOR_PORT}"

    def _make_service(self, settings: dict[str, str]) -> Service:
        return ImageService(settings, self._network)

    def service_of_user(self, user: str) -> contextlib.AbstractContextManager[Service]:
        """Yield a service with another user and group than the image's, given as numbers."""
        return self._running(ImageService(self.settings, self._network, user=user))

    def service_with_secret_files(self, *names: str) -> contextlib.AbstractContextManager[Service]:
        """Yield a service with these settings of the stack in /run/secrets instead of in its environment."""
        settings = {name: value for name, value in self.settings.items() if name not in names}
        files = {name.lower(): self.settings[name] for name in names}
        return self._running(ImageService(settings, self._network, files))
