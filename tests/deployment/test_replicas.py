"""docker/haproxy.cfg, which `inv up --replicas` uses, trusts only the configured proxies in front of it."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from development.client import READINESS
from development.ports import free_port, has_ipv6
from tests.deployment.front import HOSTILE, LIMIT, Start, new_client, numbers, refresh
from tests.deployment.proxies import PROXY, ROOT, Command, Place, nginx, running
from tests.programs import find_program


def load_balancer_of_replicas(place: Place) -> Command:
    """Return the command for docker/haproxy.cfg with a single copy of the service."""
    text = (ROOT / "docker" / "haproxy.cfg").read_text(encoding="utf-8")
    before = "server-template copy 1-32 service:8080"
    assert before in text
    text = text.replace("resolvers containers init-addr none", "").replace(before, f"server copy {place.service}")
    words = [find_program("haproxy", package="haproxy"), "-db", "-f", str(place.write("haproxy.cfg", text))]
    return Command(words, {"DOORWARD_LISTEN": f"{PROXY}:{place.port}"})


@contextlib.contextmanager
def load_balancer(folder: Path, service: str, *, port: int = 0, **environment: str) -> Iterator[str]:
    place = Place(folder, port or free_port(), service, folder)
    command = load_balancer_of_replicas(place)
    own = Command(command.words, {**command.environment, **environment})
    url = f"http://{PROXY}:{place.port}"
    with running(own, folder, lambda: answers(url)):
        yield f"{PROXY}:{place.port}"


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}{READINESS}", trust_env=False, timeout=60).is_success
    return False


def test_clients_behind_a_tls_proxy_and_the_load_balancer_have_separate_budgets(
    start: Start, limited: str, context: ssl.SSLContext, tmp_path: Path
) -> None:
    proxies = f"192.0.2.1 {PROXY}"
    with (
        load_balancer(tmp_path, limited, DOORWARD_PROXIES=proxies) as address,
        start(nginx, address) as port,
        new_client(port, context) as one,
        new_client(port, context) as other,
    ):
        assert [refresh(one, headers) for headers in HOSTILE[: LIMIT + 1]] == [401] * LIMIT + [429]
        assert refresh(other) == 401


@pytest.mark.parametrize(
    ("forwarded_for", "has_own_budget"),
    [
        ("{client}", True),
        ("203.0.113.9, {client}", True),
        ("{client}, 192.0.2.1", True),
        ("203.0.113.9, {client}, 192.0.2.2, 192.0.2.1", True),
        ("{client}, unknown", False),
        ("{client}, unknown, 192.0.2.1", False),
        ("{client}, 192.0.2.1:443", True),
        ("{client}, 2001:db8:77::1", True),
        ("{client}, 2001:db8:78::1", False),
        ("", False),
    ],
)
def test_the_load_balancer_trusts_only_the_configured_proxies(
    balanced: str, forwarded_for: str, *, has_own_budget: bool
) -> None:
    """An address that cannot be parsed ends the search: the addresses before it cannot be trusted."""
    clients = [f"198.51.100.{next(numbers)}" for _ in range(2)]
    statuses = []
    for client in clients:
        headers = {"X-Forwarded-For": forwarded_for.format(client=client)}
        source = httpx.HTTPTransport(local_address=PROXY, trust_env=False)
        with httpx.Client(transport=source, base_url=f"http://{balanced}", headers=headers) as calls:
            statuses.append([refresh(calls) for _ in range(LIMIT + 1)])
    fresh = [401] * LIMIT + [429]
    assert (statuses == [fresh, fresh]) is has_own_budget


@pytest.fixture
def balanced(limited: str, tmp_path: Path) -> Iterator[str]:
    with load_balancer(tmp_path, limited, DOORWARD_PROXIES=f"{PROXY} 192.0.2.0/24 2001:db8:77::/64") as address:
        yield address


def test_the_load_balancer_trusts_no_proxy_by_default(limited: str, tmp_path: Path) -> None:
    with load_balancer(tmp_path, limited) as address:
        source = f"127.1.1.{next(numbers)}"
        statuses = []
        for number in range(LIMIT + 1):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            transport = httpx.HTTPTransport(local_address=source, trust_env=False)
            with httpx.Client(transport=transport, base_url=f"http://{address}", headers=headers) as calls:
                statuses.append(refresh(calls))
        assert statuses == [401] * LIMIT + [429]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_the_load_balancer_can_listen_on_ipv6_and_ipv4(limited: str, tmp_path: Path) -> None:
    port = free_port()
    with load_balancer(tmp_path, limited, port=port, DOORWARD_LISTEN=f":::{port}"):
        assert answers(f"http://{PROXY}:{port}")
        assert answers(f"http://[::1]:{port}")
