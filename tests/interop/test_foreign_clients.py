"""Clients that others wrote, unmodified: each flow of each, by what the client got and what the service has stored."""

from typing import Final

import pytest

from tests.interop.flows import SESSIONS_AFTER, Flow, Site, expected
from tests.interop.node_clients import NODE_CLIENTS
from tests.interop.python_clients import PYTHON_CLIENTS

CLIENTS: Final = {**PYTHON_CLIENTS, **NODE_CLIENTS}
TRIED: Final = [(client, flow) for client, flows in CLIENTS.items() for flow in flows]

pytestmark = pytest.mark.filterwarnings("default")  # what libraries of others warn of is theirs


@pytest.fixture(autouse=True)
def _the_service_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let oauthlib and Authlib speak without TLS, by their own switches, and no library ask a proxy."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize(("client", "flow"), TRIED)
def test_a_foreign_client_does_what_it_promises(site: Site, client: str, flow: Flow) -> None:
    person = site.register()
    seen = CLIENTS[client][flow](site, person)
    assert list(seen) == expected(flow, person)
    assert site.sessions_of(person) == SESSIONS_AFTER[flow]
