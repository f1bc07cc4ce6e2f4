"""The service on IPv6, on machines with and without IPv4."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from development.ports import has_ipv6
from doorward.infrastructure.limits.store import LimitStore
from doorward.infrastructure.limits.windows import Limit
from doorward.server.listening import listening
from tests.integration.server.ipv6_machine import LIMIT

ROOT = Path(__file__).parents[3]
HANGS_AFTER_SECONDS = 300
OWN_NETWORK = ["unshare", "--net"]
"""Runs a command in a new network namespace, in which the loopback is down at first."""


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


def can_create_network_namespace() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*OWN_NETWORK, "true"], check=False, capture_output=True).returncode == 0


def seen_on_a_machine(*, is_alone: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.integration.server.ipv6_machine", *(["alone"] if is_alone else [])]
    finished = subprocess.run(
        [*(OWN_NETWORK if is_alone else []), *command],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert finished.returncode == 0, finished.stderr
    seen: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return seen


def test_with_ipv6_only_the_service_works_and_limits_by_64_network() -> None:
    is_alone = can_create_network_namespace()
    seen = seen_on_a_machine(is_alone=is_alone)
    assert seen["walk"] == {"register": 201, "token": 200, "me": 200, "metrics": 200}
    if not is_alone:
        pytest.skip("IPv4 could not be taken away: only root can make a network; the calls by ::1 worked")
    assert seen["has_ipv4"] is False
    # The second client is in the network that has reached its limit.
    assert seen["refreshes"] == [[401] * LIMIT, [429] * LIMIT, [401] * LIMIT]


@pytest.mark.parametrize(("host", "address"), [("::", "127.0.0.1"), ("::", "::1"), ("::1", "::1")])
def test_the_unspecified_ipv6_address_accepts_ipv4_clients(host: str, address: str) -> None:
    with listening(host, 0) as listener, socket.create_connection((address, listener.getsockname()[1]), timeout=60):
        pass


async def test_the_store_of_limits_can_be_reached_by_ipv6() -> None:
    asked = asyncio.Event()

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    async with await asyncio.start_server(take, "::1", 0, family=socket.AF_INET6) as server:
        store = LimitStore(f"redis://[::1]:{server.sockets[0].getsockname()[1]}/0", 1.0)
        assert await store.count("token", [(Limit.parse("10/minute"), "2001:db8::/64")]) is None
        await store.close()
    assert asked.is_set()
