"""doorward behind each proxy with the files of deploy/proxies: client addresses, budgets and timeouts."""

import json
import re
import ssl
from collections.abc import Iterator

import pytest

from development.client import IMPORT, PASSWORD, REGISTER, TOKEN, new_person
from doorward.infrastructure.postgres.database import BULK_SECONDS
from tests.deployment.front import HOST, HOSTILE, LIMIT, Start, new_client, refresh
from tests.deployment.proxies import FILES, Command, Place, Prepare, apache, caddy, haproxy, nginx, traefik

LARGE_BYTES = 1_500_000
"""More than nginx accepts by default."""


def appending(place: Place) -> Command:
    """Append the client's address to the header field, like AWS's ALB and other load balancers."""
    return haproxy(place, changes={"set-header X-Forwarded-For": "add-header X-Forwarded-For"})


PROXIES: dict[str, Prepare] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "caddy": caddy,
    "apache": apache,
    "appending": appending,
    "traefik": traefik,
}


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, start: Start, limited: str) -> Iterator[int]:
    with start(PROXIES[request.param], limited) as port:
        yield port


def test_each_client_has_its_own_budget(proxy: int, context: ssl.SSLContext) -> None:
    with new_client(proxy, context) as one, new_client(proxy, context) as other:
        assert [refresh(one) for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
        assert [refresh(other) for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]


def test_no_forwarding_header_of_a_client_changes_its_counted_address(proxy: int, context: ssl.SSLContext) -> None:
    with new_client(proxy, context) as client:
        statuses = [refresh(client, headers) for headers in HOSTILE]
        assert statuses == [401] * LIMIT + [429] * (len(HOSTILE) - LIMIT)
    # The header fields did not count against the budgets of the addresses in them either.
    with new_client(proxy, context) as another:
        assert refresh(another, [("X-Forwarded-For", "203.0.113.9")]) == 401


def test_no_forwarding_header_of_a_client_changes_a_response(proxy: int, context: ssl.SSLContext) -> None:
    def answer(headers: list[tuple[str, str]]) -> tuple[int, bytes, str | None]:
        got = client.get("/.well-known/oauth-authorization-server", headers=headers)
        return got.status_code, got.content, got.headers.get("strict-transport-security")

    with new_client(proxy, context) as client:
        plain = answer([])
        assert plain[0] == 200
        assert json.loads(plain[1])["issuer"] == f"https://{HOST}"
        assert plain[2] is not None
        assert [answer(headers) for headers in HOSTILE] == [plain] * len(HOSTILE)


def test_a_large_upload_passes_the_proxy(proxy: int, context: ssl.SSLContext) -> None:
    person, row = new_person(), f"Film,{'x' * 1000}\n"
    file = "title,description\n" + row * (LARGE_BYTES // len(row))
    with new_client(proxy, context) as client:
        account = {"email": person.email, "username": person.username, "password": PASSWORD}
        assert client.post(REGISTER, json=account).status_code == 201
        login = client.post(TOKEN, data={"username": person.username, "password": PASSWORD})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}", "Content-Type": "text/csv"}
        answer = client.post(IMPORT, content=file, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["imported"] == LARGE_BYTES // len(row)


@pytest.mark.parametrize(
    ("file", "timeout"),
    [
        ("nginx.conf", r"proxy_read_timeout (\d+)s"),
        ("nginx-below-a-path.conf", r"proxy_read_timeout (\d+)s"),
        ("haproxy.cfg", r"timeout server (\d+)s"),
        ("haproxy-below-a-path.cfg", r"timeout server (\d+)s"),
        ("Caddyfile", r"response_header_timeout (\d+)s"),
        ("apache.conf", r"ProxyPass .* timeout=(\d+)"),
        ("traefik-doorward.yaml", r"responseHeaderTimeout: (\d+)s"),
    ],
)
def test_the_timeout_of_each_proxy_exceeds_that_of_the_service(file: str, timeout: str) -> None:
    found = re.search(timeout, (FILES / file).read_text(encoding="utf-8"))
    assert found is not None
    assert int(found[1]) > BULK_SECONDS


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("Caddyfile", "keepalive 60s"),
        ("traefik-doorward.yaml", "idleConnTimeout: 60s"),
        ("apache.conf", "disablereuse=on"),
    ],
)
def test_a_proxy_with_a_longer_default_closes_idle_connections_before_the_service(file: str, line: str) -> None:
    assert line in (FILES / file).read_text(encoding="utf-8")
