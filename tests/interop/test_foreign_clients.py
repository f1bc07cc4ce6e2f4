"""Each flow of each unmodified third-party client: its results, and the sessions that the service has stored."""

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import text_of
from tests.interop.flows import SESSIONS_AFTER, Flow, Site, expected
from tests.interop.node_clients import NODE_CLIENTS
from tests.interop.python_clients import PYTHON_CLIENTS

PAGE: Final = Path("docs/foreign-clients.md")
CLIENTS: Final = {**PYTHON_CLIENTS, **NODE_CLIENTS}
TRIED: Final = [(client, flow) for client, flows in CLIENTS.items() for flow in flows]

pytestmark = pytest.mark.filterwarnings("default")  # third-party libraries may emit warnings


@pytest.fixture(autouse=True)
def _the_service_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow oauthlib and Authlib to connect without TLS, by their own settings, and let no library use a proxy."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_the_page_lists_exactly_the_tested_flows() -> None:
    lines = [line for line in text_of(PAGE).splitlines() if line.startswith("| ")]
    (header,) = [line for line in lines if line.startswith("| Client | log in")]
    flows = _cells(header)[1:]
    assert flows == [*Flow]
    rows = {name: cells for name, *cells in map(_cells, lines) if name in CLIENTS and len(cells) == len(flows)}
    tried = {
        (name, flow) for name, cells in rows.items() for flow, cell in zip(flows, cells, strict=True) if cell != "-"
    }
    assert tried == {(name, str(flow)) for name, flow in TRIED}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(("client", "flow"), TRIED)
def test_a_third_party_client_completes_the_flow(site: Site, client: str, flow: Flow) -> None:
    person = site.register()
    seen = CLIENTS[client][flow](site, person)
    assert list(seen) == expected(flow, person)
    assert site.sessions_of(person) == SESSIONS_AFTER[flow]
