"""Tests the service on a machine with IPv6 only. Run as a program, in a separate network namespace if possible.

It writes one JSON object: the responses to each client.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from development.client import ME, PASSWORD, READINESS, REFRESH, REGISTER, TOKEN
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings
from doorward.infrastructure.migrations import migrate

LIMIT: Final = 2
ONE_NETWORK: Final = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2")
ANOTHER_NETWORK: Final = "2001:db8:0:2::1"
READY_SECONDS: Final = 120


def disable_ipv4() -> None:
    """Leave only IPv6 on the loopback of this network namespace, and add addresses for clients."""
    for arguments in (
        ["link", "set", "lo", "up"],
        ["address", "delete", "127.0.0.1/8", "dev", "lo"],
        *(["address", "add", f"{each}/128", "dev", "lo"] for each in (*ONE_NETWORK, ANOTHER_NETWORK)),
    ):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


def has_ipv4() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 0)):
        return True
    return False


@contextlib.contextmanager
def serving(settings: dict[str, str]) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "doorward", "serve"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + READY_SECONDS
            while not answers(settings["PORT"]):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text(encoding="utf-8"))
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait()


def answers(port: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client_of(port).get(READINESS).is_success
    return False


def client_of(port: str, source: str | None = None) -> httpx.Client:
    # Connect to the client's own address: all addresses of clients belong to this machine.
    transport = httpx.HTTPTransport(local_address=source, trust_env=False, verify=False)
    return httpx.Client(transport=transport, base_url=f"http://[{source or '::1'}]:{port}", timeout=READY_SECONDS)


def walk(port: str) -> dict[str, int]:
    """Return the statuses of one person's calls."""
    with client_of(port) as client:
        account = {"email": "ada@example.com", "username": "ada-of-ipv6", "password": PASSWORD}
        registered = client.post(REGISTER, json=account)
        login = client.post(TOKEN, data={"username": "ada-of-ipv6", "password": PASSWORD})
        me = client.get(ME, headers={"Authorization": f"Bearer {login.json().get('access_token')}"})
        metrics = httpx.get(f"http://[::1]:{os.environ['METRICS']}/metrics", timeout=60, trust_env=False)
    return {
        "register": registered.status_code,
        "token": login.status_code,
        "me": me.status_code,
        "metrics": metrics.status_code,
    }


def refreshes(port: str, source: str) -> list[int]:
    with client_of(port, source) as client:
        return [client.post(REFRESH, json={"refresh_token": "dwr_unknown"}).status_code for _ in range(LIMIT)]


def main() -> int:
    is_alone = "alone" in sys.argv
    if is_alone:
        disable_ipv4()
    ports = {"PORT": str(free_port("::1")), "METRICS_PORT": str(free_port("::1"))}
    os.environ["METRICS"] = ports["METRICS_PORT"]
    with EmbeddedPostgres(durable=False, loopback_port=free_port("::1"), loopback="::1") as server:
        migrate(server.loopback_url())
        limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_REFRESH": f"{LIMIT}/day"}
        with serving(proof_settings(server.loopback_url(), HOST="::", **ports, **limits)):
            seen = {"has_ipv4": has_ipv4(), "walk": walk(ports["PORT"])}
            if is_alone:
                seen["refreshes"] = [refreshes(ports["PORT"], each) for each in (*ONE_NETWORK, ANOTHER_NETWORK)]
    sys.stdout.write(json.dumps(seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
