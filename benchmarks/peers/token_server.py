"""The common interface of peers that issue client_credentials tokens: clients, and the token call."""

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import jwt
import requests

from benchmarks.load import FORM, RepeatedRequests, post
from benchmarks.plan import report_progress
from benchmarks.processes import CALL_SECONDS, Running
from development.postgres import EmbeddedPostgres

CLIENTS: Final = 4
SCOPE: Final = "orders:read"
RESOURCE: Final = "https://orders.example"
ALGORITHM: Final = "ES256"
BODY: Final = "grant_type=client_credentials&scope=orders%3Aread"


class PeerMissingError(Exception):
    """A peer cannot be installed on this machine, for the given reason."""


@dataclass(frozen=True)
class TokenServer:
    """A running server; its clients get tokens in turn."""

    process: Running
    path: str
    clients: Mapping[str, str]
    """Secrets by client ids."""

    def load(self) -> RepeatedRequests:
        """Return the calls of all clients."""
        return token_calls(self.path, self.clients)

    def require_algorithm(self) -> None:
        """Raise ``RuntimeError`` unless a client's token is a JWT with the algorithm of the comparison."""
        client_id, secret = next(iter(self.clients.items()))
        address = f"{self.process.url}{self.path}"
        headers = {"Content-Type": FORM}
        answer = requests.post(address, BODY, auth=(client_id, secret), headers=headers, timeout=CALL_SECONDS)
        if not answer.ok:
            raise RuntimeError(f"{address} answers {answer.status_code}: {answer.text}")
        algorithm = jwt.get_unverified_header(answer.json()["access_token"])["alg"]
        if algorithm != ALGORITHM:
            raise RuntimeError(f"{address} signs with {algorithm}")


Server = TypeVar("Server")
Start: TypeAlias = Callable[[EmbeddedPostgres], AbstractContextManager[Server]]


def started_peers(
    stack: ExitStack, postgres: EmbeddedPostgres, peers: Mapping[str, Start[Server]], missing: dict[str, str]
) -> Iterator[tuple[str, Server]]:
    """Start each peer in turn, on one PostgreSQL. Store in ``missing`` the reasons for missing ones."""
    for name, start in peers.items():
        report_progress(f"starting {name}")
        try:
            server = stack.enter_context(start(postgres))
        except PeerMissingError as error:
            missing[name] = str(error)
            report_progress(f"{name}: left out: {error}")
            continue
        yield name, server


def token_calls(path: str, clients: Mapping[str, str]) -> RepeatedRequests:
    """Return a client_credentials call of each client."""
    return RepeatedRequests([_call(path, client_id, secret) for client_id, secret in clients.items()], '"access_token"')


def new_clients() -> Mapping[str, str]:
    """Return ids and secrets that need no encoding in a Basic header."""
    return {f"client-{number}": secrets.token_hex(20) for number in range(CLIENTS)}


def basic(client_id: str, secret: str) -> str:
    """Return a client's Basic header."""
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


def _call(path: str, client_id: str, secret: str) -> bytes:
    return post(path, FORM, BODY, authorization=basic(client_id, secret), accept="application/json")
