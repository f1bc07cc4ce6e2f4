"""oidc-provider on Node, one process: tokens for one resource, and users who sign in; all data in PostgreSQL."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import urljoin

from benchmarks.peers.code_server import (
    BROWSERS,
    CLIENT,
    REDIRECT_URI,
    Browser,
    CodeServer,
    authorization,
    code_in,
    codes_of,
)
from benchmarks.peers.installation import install_oidc_provider
from benchmarks.peers.programs import database
from benchmarks.peers.token_server import PeerMissingError, TokenServer, new_clients
from benchmarks.processes import PORT, Running, running
from development.postgres import EmbeddedPostgres


@contextmanager
def oidc_provider(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run oidc-provider. Raises ``PeerMissingError`` without npm."""
    clients = new_clients()
    with _oidc_provider(postgres, clients) as process:
        yield TokenServer(process, "/token", clients)


@contextmanager
def oidc_provider_codes(postgres: EmbeddedPostgres) -> Iterator[CodeServer]:
    """Run oidc-provider with users who are signed in to an application. Raises ``PeerMissingError`` without npm."""
    with _oidc_provider(postgres, {}) as process:
        visits = [partial(_new_code, process, Browser(), f"person-{number}") for number in range(BROWSERS)]
        yield CodeServer(process, "/token", CLIENT, partial(codes_of, visits))


@contextmanager
def _oidc_provider(postgres: EmbeddedPostgres, clients: Mapping[str, str]) -> Iterator[Running]:
    installed = install_oidc_provider()
    if installed is None:
        raise PeerMissingError("npm is not here")
    node, program = installed
    settings = {
        **database(postgres, "oidc_provider"),
        "NODE_ENV": "production",
        "PEER_CLIENTS": json.dumps(dict(clients)),
        "PEER_APPLICATION": CLIENT,
        "PEER_REDIRECT_URI": REDIRECT_URI,
    }
    command = ["env", f"PORT={PORT}", str(node), str(program)]
    with running(command, settings, ready="/.well-known/openid-configuration") as process:
        yield process


def _new_code(process: Running, browser: Browser, person: str) -> str:
    """Return the code of a request; the first request of a browser is redirected to the sign-in and back."""
    asked = {**authorization(CLIENT), "login_hint": person}
    address = f"{process.url}/auth"
    answer = browser.get(address, params=asked)
    while (location := answer.headers.get("Location", "")) and not location.startswith(REDIRECT_URI):
        answer = browser.get(urljoin(address, location))
    return code_in(answer)
