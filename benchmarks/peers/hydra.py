"""Ory Hydra, an OAuth server in Go: built from its module, on PostgreSQL, one process on all cores.

As its documentation says, but that its access tokens are JWTs (its default is opaque ones), signed with ES256 (its
default is RS256); and TLS, telemetry and the log of requests are off.
"""

import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import requests

from benchmarks.load import CONNECTIONS
from benchmarks.peers.installation import install_hydra
from benchmarks.peers.programs import database
from benchmarks.peers.token_server import (
    ALGORITHM,
    RESOURCE,
    SCOPE,
    PeerMissingError,
    TokenServer,
    new_clients,
)
from benchmarks.processes import CALL_SECONDS, HOST, PORT, running
from development.ports import free_port
from development.postgres import EmbeddedPostgres

KEY_SET: Final = "hydra.jwt.access-token"
POOL: Final = 2 * CONNECTIONS
"""With fewer connections than calls under way it stands still, as with its default and with the 20 of its quick start:
each call holds one while it waits for the key set, and the call that reads the key set needs another."""


@contextmanager
def hydra(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run it. Raises ``PeerMissingError`` where it cannot be built."""
    try:
        program = install_hydra()
    except OSError as error:
        raise PeerMissingError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise PeerMissingError(f"go says {error.stderr.strip()[-500:]}") from error
    admin_port = free_port()
    environment = _environment(database(postgres, "hydra"), admin_port)
    migrate = [str(program), "migrate", "sql", "--read-from-env", "--yes"]
    subprocess.run(migrate, check=True, env=environment, capture_output=True)
    command = ["env", f"SERVE_PUBLIC_PORT={PORT}", str(program), "serve", "all"]
    with running(command, environment, ready="/health/ready") as process:
        clients = new_clients()
        _configure(f"http://{HOST}:{admin_port}/admin", clients)
        yield TokenServer(process, "/oauth2/token", clients)


def _environment(settings: Mapping[str, str], admin_port: int) -> Mapping[str, str]:
    return {
        "DSN": f"postgres://{settings['PGUSER']}@{settings['PGHOST']}:{settings['PGPORT']}/{settings['PGDATABASE']}"
        f"?sslmode=disable&max_conns={POOL}&max_idle_conns={POOL}",
        "SECRETS_SYSTEM": secrets.token_urlsafe(32),
        "STRATEGIES_ACCESS_TOKEN": "jwt",
        "TTL_ACCESS_TOKEN": "10m",
        # Nothing is asked there; in production it must be https.
        "URLS_SELF_ISSUER": "https://hydra.example",
        "SERVE_PUBLIC_HOST": HOST,
        "SERVE_ADMIN_HOST": HOST,
        "SERVE_ADMIN_PORT": str(admin_port),
        "SERVE_TLS_ENABLED": "false",
        "SQA_OPT_OUT": "true",
        "LOG_LEVEL": "error",
    }


def _configure(admin: str, clients: Mapping[str, str]) -> None:
    """Make the key, which is newer than the one that it begins with and therefore signs, and the clients."""
    _post(f"{admin}/keys/{KEY_SET}", {"alg": ALGORITHM, "kid": "benchmark", "use": "sig"})
    for client_id, secret in clients.items():
        client = {
            "client_id": client_id,
            "client_secret": secret,
            "grant_types": ["client_credentials"],
            "scope": SCOPE,
            "audience": [RESOURCE],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        _post(f"{admin}/clients", client)


def _post(address: str, body: Mapping[str, object]) -> None:
    requests.post(address, json=body, timeout=CALL_SECONDS).raise_for_status()
