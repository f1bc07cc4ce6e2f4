"""A real RabbitMQ on loopback ports, which can be killed and restarted with the same data."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError

PROGRAM: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER: Final = "rabbitmq"
HANGS_AFTER_SECONDS: Final = 120


class RabbitServer:
    """One server with its own folder, node name and ports."""

    def __init__(self, port: int, epmd_port: int, distribution_port: int) -> None:
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        self._folder = Path(tempfile.mkdtemp(prefix="doorward-rabbitmq-"))
        self._epmd_port = str(epmd_port)
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[].")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": self._epmd_port,
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
            "RABBITMQ_NODENAME": f"doorward_{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server in a new process group; if the tests run as root, as its own user."""
        is_root = os.getuid() == 0
        if is_root:
            account = pwd.getpwnam(USER)
            for each in [self._folder, *self._folder.rglob("*")]:
                os.chown(each, account.pw_uid, account.pw_gid)
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(PROGRAM)],
                env=self._environment,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=USER if is_root else None,
                group=USER if is_root else None,
                extra_groups=[] if is_root else None,
            )

    async def connect(self) -> AbstractConnection:
        """Return a connection when the server is ready."""
        async with asyncio.timeout(HANGS_AFTER_SECONDS):
            while True:
                connection = aio_pika.Connection(make_url(self.url))
                try:
                    await connection.connect()
                except (AMQPError, OSError):
                    await connection.close()
                    assert self._process is not None
                    assert self._process.poll() is None, (self._folder / "output").read_text()
                    await asyncio.sleep(0.1)
                else:
                    return connection

    def kill(self) -> None:
        """Kill the server without a shutdown, like a power failure."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Kill the server and the processes that it started, and remove its folder."""
        self.kill()
        environment = {**os.environ, **self._environment}
        subprocess.run(["epmd", "-port", self._epmd_port, "-kill"], env=environment, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
