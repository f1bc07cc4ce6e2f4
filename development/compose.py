"""`inv up`: starts the containers, and explains a failure in one or two lines."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from development import environment
from development.arguments import exit_with
from development.databases import COMPOSE
from development.environment import KEY_FILE, is_set

SCALE: Final = ("-f", "docker/compose.scale.yaml")
SECRET_FILES: Final = ("-f", "docker/compose.secrets.yaml")
START: Final = ("up", "--detach", "--wait", "--wait-timeout", "300", "--remove-orphans")
PORT: Final = 8080
LAST_LINES: Final = "5"
_PLACE: Final = r"(?:Bind for|listen tcp\d?|host port for) (\S+?):(\d+)\S*(?: failed)?: (?:bind: )?"
TAKEN: Final = re.compile(_PLACE + "(?:port is already allocated|address already in use)")
NOT_HERE: Final = re.compile(_PLACE + "cannot assign requested address")
EVERY_ADDRESS: Final = {"0.0.0.0", "127.0.0.1", "[::]", "[::1]"}  # noqa: S104 - as Docker prints them


class Container(NamedTuple):
    """The state of one container as the engine reports it."""

    id: str
    service: str
    is_up: bool
    exit_status: int
    is_out_of_memory: bool
    memory_limit: int

    @classmethod
    def from_inspection(cls, told: dict[str, Any]) -> "Container":
        """Build it from an element of the output of `docker inspect`."""
        state = told["State"]
        is_healthy = state.get("Health", {}).get("Status") not in {"unhealthy", "starting"}
        return cls(
            told["Id"],
            told["Config"]["Labels"]["com.docker.compose.service"],
            state["Status"] == "running" and is_healthy,
            state["ExitCode"],
            state["OOMKilled"],
            told["HostConfig"]["Memory"],
        )

    def has_failed(self) -> bool:
        """Return whether the container should run and does not, or ended with an unexpected status."""
        return not self.is_up and (self.service != "migrate" or self.exit_status != 0)


def explain(said: str, containers: Iterable[Container]) -> list[str]:
    """Return the causes why containers did not start, each a sentence with the remedy."""
    found = []
    if match := TAKEN.search(said):
        found.append(
            f"port {match[2]} of {match[1]} is taken. Stop what uses it, or set DOORWARD_PORT in .env to another. "
            "Nothing was lost"
        )
    if match := NOT_HERE.search(said):
        found.append(f"{match[1]} is no address of this machine. Correct DOORWARD_BIND_ADDRESS in .env")
    if "no space left on device" in said:
        found.append("the disk of Docker is full. Make room: `docker system df` shows what takes it")
    found += [
        f"{each.service} was killed, since it needed more memory than its {each.memory_limit // 2**20} MiB. "
        "Raise DOORWARD_MEMORY in .env, or lower WEB_CONCURRENCY"
        for each in containers
        if each.is_out_of_memory
    ]
    return found


def start(replicas: int) -> int:
    """Start the containers; return the exit status of Compose."""
    front = "load-balancer" if replicas else "service"
    files = [*(SCALE if replicas else ()), *(SECRET_FILES if is_set(KEY_FILE) else ())]
    compose = [*COMPOSE, *files]
    chosen = {**os.environ, "DOORWARD_REPLICAS": str(replicas)}
    with subprocess.Popen([*compose, *START], env=chosen, stderr=subprocess.PIPE, text=True) as started:
        said = _shown(started.stderr or [])
    if started.returncode == 0:
        published = _answer([*compose, "port", front, str(PORT)])
        print(f"doorward runs at {address_of(published)}, docs at /docs")
        return 0
    containers = _containers(compose)
    for container in containers:
        if container.has_failed():
            _show_end_of_log(container)
    for line in explain(said, containers):
        print(f"inv up: {line}", file=sys.stderr)
    return started.returncode


def address_of(published: str) -> str:
    """Return the URL of what `docker compose port` prints."""
    host, _, port = published.strip().rpartition(":")
    return f"http://{'localhost' if host in EVERY_ADDRESS else host}:{port}"


def _shown(lines: Iterable[str]) -> str:
    """Print each line when it arrives, and return all of them."""
    kept = []
    for line in lines:
        sys.stderr.write(line)
        sys.stderr.flush()
        kept.append(line)
    return "".join(kept)


def _containers(compose: list[str]) -> list[Container]:
    ids = _answer([*compose, "ps", "--all", "--quiet"]).split()
    told = json.loads(_answer(["docker", "inspect", *ids])) if ids else []
    return [Container.from_inspection(each) for each in told]


def _show_end_of_log(container: Container) -> None:
    command = ["docker", "logs", "--tail", LAST_LINES, container.id]
    log = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    if log.strip():
        ended = f" ended with status {container.exit_status}" if container.exit_status else " is not ready"
        print(f"inv up: {container.service}{ended}; the end of its log:\n{log.rstrip()}", file=sys.stderr)


def _answer(command: list[str]) -> str:
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    """Create missing secrets and start the containers; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicas", type=int, default=0)
    replicas = parser.parse_args().replicas
    return environment.main() or start(replicas)


if __name__ == "__main__":
    exit_with(main)
