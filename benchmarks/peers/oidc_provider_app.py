"""oidc-provider on Node, one process: tokens for one resource, clients in PostgreSQL."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.peers.installation import install_oidc_provider
from benchmarks.peers.programs import database
from benchmarks.peers.token_server import PeerMissingError, TokenServer, new_clients
from benchmarks.processes import PORT, running
from development.postgres import EmbeddedPostgres


@contextmanager
def oidc_provider(postgres: EmbeddedPostgres) -> Iterator[TokenServer]:
    """Run it. Raises ``PeerMissingError`` without npm."""
    installed = install_oidc_provider()
    if installed is None:
        raise PeerMissingError("npm is not here")
    node, program = installed
    clients = new_clients()
    settings = {
        **database(postgres, "oidc_provider"),
        "NODE_ENV": "production",
        "PEER_CLIENTS": json.dumps(dict(clients)),
    }
    command = ["env", f"PORT={PORT}", str(node), str(program)]
    with running(command, settings, ready="/.well-known/openid-configuration") as process:
        yield TokenServer(process, "/token", clients)
