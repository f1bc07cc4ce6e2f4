"""Tests call the service with the client of ``development.client``; only named files speak HTTP in another way."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from development.client import ME, REFRESH, REGISTER, REVOKE, TOKEN
from tests.architecture.sources import called_name, modules, tree_of

OWN_CLIENTS: Final = {
    "tests/deployment/proxies.py": "a transport that connects from a chosen source address",
    "tests/deployment/test_replicas.py": "transports that connect to chosen copies and from chosen addresses",
    "tests/e2e/stack.py": "the readiness and the metrics of a copy, while it starts and ends",
    "tests/e2e/test_observability.py": "the collector of a container, not the service",
    "tests/e2e/test_shutdown.py": "a connection that stays open while the service ends",
    "tests/integration/api/test_compression.py": "an application in the process, without a service",
    "tests/integration/examples/test_python_client.py": "the network that the example's own client uses",
    "tests/integration/oauth/browsers.py": "a browser: it keeps cookies and follows redirects",
    "tests/integration/observability/test_metrics_endpoint.py": "a new connection a call, so that any worker answers",
    "tests/integration/observability/test_traces.py": "an application in the process, without a service",
    "tests/integration/rabbitmq/search_stand_in.py": "a stand-in of OpenSearch, not the service",
    "tests/integration/server/ipv6_machine.py": "a transport that connects from a chosen source address",
    "tests/integration/server/served.py": "malformed requests, which HTTP clients do not send",
    "tests/integration/service.py": "the transport in the process of all integration tests",
    "tests/integration/web/visitor.py": "a browser: it keeps cookies and follows redirects",
    "tests/interop": "clients and servers that others wrote",
    "tests/pages/front.py": "a proxy in front of the service",
}
"""The files and folders that make HTTP clients of their own, and the reason."""

MAKING: Final = {
    *("httpx.Client", "httpx.AsyncClient", "requests.Session", "requests.get", "requests.post"),
    *("HTTPConnection", "http.client.HTTPConnection", "urlopen", "urllib.request.urlopen"),
}
CALLING: Final = {
    *("get", "post", "put", "patch", "delete", "head", "options", "request", "call", "authorized", "putrequest"),
    *("build", "build_request", "stream"),
}
PATHS: Final = {REGISTER, TOKEN, ME, REFRESH, REVOKE}


def findings(tree: ast.AST) -> Iterator[str]:
    """Yield the calls that make an HTTP client, and those that write a path of ``development.client`` again."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) in MAKING:
            yield ast.unparse(call.func)
        if called_name(call) in CALLING:
            yield from (each.value for each in call.args if isinstance(each, ast.Constant) and each.value in PATHS)


def is_listed(path: Path, names: Iterable[str]) -> bool:
    return any(path.is_relative_to(name) for name in names)


def checked() -> list[Path]:
    return [path for path in modules("tests") if not path.is_relative_to("tests/architecture")]


def test_only_named_files_make_http_clients_and_no_file_repeats_the_paths_of_the_client() -> None:
    found = {path: set(findings(tree_of(path))) for path in checked()}
    clients = {path for path, calls in found.items() if calls & MAKING}
    assert not {path for path in clients if not is_listed(path, OWN_CLIENTS)}, "use ApiClient(http_client(url))"
    assert not {path for path, calls in found.items() if calls & PATHS}, "use a method of ApiClient or its constants"
    assert not [name for name in OWN_CLIENTS if not any(is_listed(path, [name]) for path in clients)]


def test_each_way_to_speak_http_is_detected() -> None:
    code = """
httpx.Client(base_url=url)
with httpx.AsyncClient() as client: client.post("/api/v1/auth/token")
requests.Session().request("POST", "/api/v1/auth/register")
client.post(TOKEN)
client.post("/api/v1/auth/password/forgot")
http_client(url, timeout=1)
"""
    assert sorted(findings(ast.parse(code))) == [
        "/api/v1/auth/register",
        "/api/v1/auth/token",
        "httpx.AsyncClient",
        "httpx.Client",
        "requests.Session",
    ]
