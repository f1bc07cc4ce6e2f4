"""Allowed host names, HSTS, and the setting for the documentation."""

import httpx
import pytest

from development.client import ME, TOKEN
from tests.integration.service import MakeService, Service, is_problem

DOCUMENTATION = [
    "/docs",
    "/redoc",
    "/openapi.json",
    "/docs/assets/swagger-ui-bundle.js",
    "/docs/assets/swagger-ui.css",
    "/docs/assets/redoc.standalone.js",
]


@pytest.fixture
async def named(make_service: MakeService) -> Service:
    return await make_service(allowed_hosts="auth.example.com,*.internal.example.com")


async def _call_as(service: Service, *hosts: str, path: str = ME) -> httpx.Response:
    request = service.client.build_request("GET", path)
    del request.headers["host"]
    request.headers = httpx.Headers([*request.headers.multi_items(), *(("Host", host) for host in hosts)])
    return await service.client.send(request)


@pytest.mark.parametrize(
    "host",
    [
        "auth.example.com",
        "auth.example.com:8443",
        "AUTH.Example.com",
        "a.internal.example.com",
        "a.b.internal.example.com",
    ],
)
async def test_calls_to_allowed_hosts_are_answered(named: Service, host: str) -> None:
    assert is_problem(await _call_as(named, host), 401, "missing_access_token")


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["internal.example.com"],
        ["auth.example.com.evil.example"],
        ["evil.example:443"],
        ["auth.example.com@evil.example"],
        ["203.0.113.9"],
        ["[::1]:8080"],
        [""],
        [],
        ["auth.example.com", "evil.example"],
        ["auth.example.com", "auth.example.com"],
    ],
    ids=str,
)
async def test_calls_to_another_host_are_refused_as_a_problem(named: Service, hosts: list[str]) -> None:
    answer = await _call_as(named, *hosts)
    assert is_problem(answer, 400, "unknown_host")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "evil" not in answer.text


async def test_the_token_endpoint_refuses_another_host_with_an_oauth_error(named: Service) -> None:
    assert (await _call_as(named, "evil.example", path=TOKEN)).json()["error"] == "invalid_request"


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8080"])
async def test_an_ip_address_can_be_an_allowed_host(make_service: MakeService, host: str) -> None:
    service = await make_service(allowed_hosts="[::1]")
    assert (await _call_as(service, host)).status_code == 401


@pytest.mark.parametrize("name", ["liveness", "readiness", "startup"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "10.1.2.3:8080"])
async def test_health_calls_are_answered_for_every_host(named: Service, name: str, host: str) -> None:
    assert (await _call_as(named, host, path=f"/health/{name}")).status_code == 200


async def test_without_allowed_hosts_every_host_is_answered(service: Service) -> None:
    assert (await _call_as(service, "anything.example")).status_code == 401


@pytest.mark.parametrize("path", [ME, "/health/liveness", "/nowhere", "/docs"])
async def test_with_an_https_url_every_response_has_an_hsts_header(make_service: MakeService, path: str) -> None:
    service = await make_service(public_url="https://auth.example.com")
    answer = await service.client.get(path)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("url", [None, "http://localhost:8080"])
async def test_without_an_https_url_no_response_has_an_hsts_header(make_service: MakeService, url: str | None) -> None:
    service = await make_service(public_url=url)
    assert "strict-transport-security" not in (await service.client.get(ME)).headers


@pytest.mark.parametrize("path", DOCUMENTATION)
async def test_the_documentation_is_served_unless_it_is_disabled(
    service: Service, make_service: MakeService, path: str
) -> None:
    assert (await service.client.get(path)).status_code == 200
    without = await make_service(docs_enabled=False)
    answer = await without.client.get(path)
    assert is_problem(answer, 404, "not_found")
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_without_documentation_the_calls_are_available(make_service: MakeService) -> None:
    service = await make_service(docs_enabled=False)
    _, pair = await service.register_and_log_in()
    assert (await service.get_me(pair.access)).status_code == 200
