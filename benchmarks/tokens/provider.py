"""The service as an OAuth provider: its clients, created by its command, and its calls."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import requests

from benchmarks.accounts import ME, REFRESH, Accounts, TokenFactory
from benchmarks.installation import service_python
from benchmarks.load import CONNECTIONS, FORM, RepeatedRequests, get, post
from benchmarks.peers.token_server import ALGORITHM, CLIENTS, SCOPE, TokenServer, basic
from benchmarks.processes import CALL_SECONDS
from benchmarks.service import LIMITS_OUT_OF_REACH, UNREACHED_LIMIT, Service, service_environment

TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
INTROSPECT: Final = "/oauth/introspect"
JWT_AUDIENCE: Final = "doorward"

SETTINGS: Final = {
    **LIMITS_OUT_OF_REACH,
    "PUBLIC_URL": "https://auth.example.com",
    "RATE_LIMIT_OAUTH_TOKEN": UNREACHED_LIMIT,
    "RATE_LIMIT_INTROSPECT": UNREACHED_LIMIT,
}
WITH_ES256: Final = {**SETTINGS, "ALGORITHM": ALGORITHM}


def add_clients(database_url: str, secret_key: str) -> Mapping[str, str]:
    """Add clients by the command; return their secrets by their ids."""
    lines = [
        run_command(database_url, secret_key, "client", "add", "benchmark", "--scope", SCOPE) for _ in range(CLIENTS)
    ]
    return dict(line.split("\t") for line in lines)


def link_logins(database_url: str, secret_key: str, client_id: str) -> None:
    """Allow this client to introspect the tokens of logins."""
    run_command(database_url, secret_key, "resource", "add", JWT_AUDIENCE, "--introspection-client", client_id)


def run_command(database_url: str, secret_key: str, *arguments: str) -> str:
    """Run the service's command; return what it prints."""
    environment = {**service_environment(database_url, secret_key), **SETTINGS}
    command = [str(service_python()), "-m", "doorward", *arguments]
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.strip()


def introspections(server: TokenServer) -> RepeatedRequests:
    """Return introspections by clients of their own tokens, a new token for each connection."""
    clients = list(server.clients.items())
    calls = []
    for number in range(CONNECTIONS):
        client_id, secret = clients[number % len(clients)]
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        issued = _post(f"{server.process.url}{server.path}", data=form, auth=(client_id, secret))
        body = f"token={quote(issued['access_token'], safe='')}"
        calls.append(post(INTROSPECT, FORM, body, authorization=basic(client_id, secret)))
    return RepeatedRequests(calls, '"active":true')


def introspections_of_logins(server: TokenServer, service: Service, accounts: Accounts) -> RepeatedRequests:
    """Return introspections of users' tokens by the client that is linked to logins."""
    authorization = basic(*next(iter(server.clients.items())))
    bodies = [f"token={token}" for token in _access_tokens(service, accounts)]
    return RepeatedRequests(
        [post(INTROSPECT, FORM, body, authorization=authorization) for body in bodies], '"active":true'
    )


def me_after_refresh(service: Service, accounts: Accounts) -> RepeatedRequests:
    """Return calls of /me with tokens that the service has just issued, with the configured algorithm."""
    return RepeatedRequests(
        [get(ME, authorization=f"Bearer {token}") for token in _access_tokens(service, accounts)], "@"
    )


def _access_tokens(service: Service, accounts: Accounts) -> Sequence[str]:
    factory = TokenFactory(service.secret_key)
    # Other sessions than those of the refresh loads, whose last rotations may still be in progress on a busy machine.
    sessions = accounts.sessions(2 * CONNECTIONS)[CONNECTIONS:]
    bodies = [{"refresh_token": factory.refresh_token(session)} for session in sessions]
    return [_post(f"{service.url}{REFRESH}", json=body)["access_token"] for body in bodies]


def _post(address: str, **what: object) -> Mapping[str, str]:
    answer = requests.post(address, timeout=CALL_SECONDS, **what)  # type: ignore[arg-type] # parameters of requests
    answer.raise_for_status()
    body: Mapping[str, str] = answer.json()
    return body
