"""An HTTPS host on a loopback port with client metadata documents, and the applications that they describe."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from development.client import Person
from doorward.core.versions import any_version
from doorward.domain.oauth.models import OAuthClient
from tests.integration.oauth.browsers import CALLBACK, Application, Browser
from tests.integration.oauth.provider import Machine, Provider

NOTES: Final = "https://notes.example/mcp"
JSON: Final = "Content-Type: application/json\r\n"


class DocumentHost:
    """The responses by path, and the received requests. ``hold`` delays the responses until it is set."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def address(self, path: str) -> str:
        return f"https://{self.authority}{path}"

    def describe(self, path: str, *, headers: str = JSON, status: str = "200 OK", **changes: object) -> str:
        """Publish a client metadata document; return its URL. A member that is None is omitted."""
        address = self.address(path)
        members = {
            "client_id": address,
            "client_name": "Notebook",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            **changes,
        }
        present = {name: value for name, value in members.items() if value is not None}
        self.answer(path, json.dumps(present).encode(), headers=headers, status=status)
        return address

    def answer(self, path: str, body: bytes, *, headers: str = JSON, status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.answers[path] = head.encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self.asked.append(path)
            if self.hold is not None:
                await self.hold.wait()
            writer.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has closed the connection, as some tests require.
            pass
        finally:
            writer.close()


@asynccontextmanager
async def document_host(tls: ssl.SSLContext) -> AsyncIterator[DocumentHost]:
    """Run a host within the block."""
    host = DocumentHost()
    server = await asyncio.start_server(host.serve, "127.0.0.1", ssl=tls)
    async with server:
        host.port = server.sockets[0].getsockname()[1]
        yield host


class DescribedApplication(Application):
    """A client that a document describes. It has no secret, and it is not registered."""

    def __init__(self, provider: Provider, address: str) -> None:
        self.provider = provider
        self.id = address
        self.machine = _Public(provider, address)

    async def agreed(self, browser: Browser, person: Person) -> dict[str, Any]:
        """Return the tokens of a person who consents to all scopes of the client."""
        return await self.tokens(browser, person, scope=None)

    def rows(self) -> int:
        return len(self.provider.sql("SELECT client_id FROM oauth_clients WHERE client_id = %s", self.id))

    async def stored(self) -> OAuthClient:
        return (await self.provider.clients.get(self.id, any_version)).client


def described(provider: Provider, host: DocumentHost, path: str, **document: Any) -> DescribedApplication:
    """Publish a client metadata document on a host; return its client."""
    return DescribedApplication(provider, host.describe(path, **document))


class _Public(Machine):
    """A public client, which sends only its id."""

    def __init__(self, provider: Provider, client_id: str) -> None:
        self.provider = provider
        self.id = client_id
        self.secret = ""

    async def post(self, path: str, **form: Any) -> Any:
        return await self.provider.post(path, {"client_id": self.id, **form})
