"""A foreign issuer on a loopback port: its metadata, its keys, and tokens like those of known products."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.integration.service import FakeClock
from tests.unit.client_library.signing import SigningKey, elliptic_key, key_set, rsa_key

OAUTH_METADATA: Final = "/.well-known/oauth-authorization-server"
METADATA: Final = "/.well-known/openid-configuration"
KEYS: Final = "/jwks"
AUDIENCE: Final = "https://items.example"
EDITOR: Final = {"editor": ["items:read", "items:write"], "reader": ["items:read"]}


class Issuer:
    """The responses, the received requests, and the keys. ``answers`` overrides responses by path."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.key: SigningKey = elliptic_key("first")
        self.listed: Sequence[SigningKey] = (self.key, rsa_key("first rsa"))
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.connections = 0
        self.is_held: asyncio.Event | None = None
        self.url = ""

    def entry(self, **changes: object) -> dict[str, Any]:
        """Return its entry in TRUSTED_ISSUERS."""
        return {
            "issuer": self.url,
            "audiences": [AUDIENCE],
            "roles": EDITOR,
            "allow_private_addresses": True,
            **changes,
        }

    def token(self, *, by: SigningKey | None = None, header: dict[str, Any] | None = None, **changes: object) -> str:
        """Return a token signed with its key. A claim that is None is omitted."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": "subject",
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "roles": ["editor"],
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return (by or self.key).sign(present, **(header or {}))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self.asked.append(path)
            if self.is_held is not None:
                await self.is_held.wait()
            writer.write(self.answers.get(path) or document(self._documents().get(path)))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has closed the connection, as some tests require.
            pass
        finally:
            writer.close()

    def _documents(self) -> dict[str, bytes]:
        metadata = {"issuer": self.url, "jwks_uri": f"{self.url}{KEYS}"}
        return {METADATA: json.dumps(metadata).encode(), KEYS: key_set(*self.listed)}


def document(body: bytes | None, *, status: str = "200 OK", headers: str = "") -> bytes:
    """Return a response with this body; 404 for None."""
    if body is None:
        body, status = b"{}", "404 Not Found"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def running(issuer: Issuer) -> AsyncIterator[Issuer]:
    """Serve within the block, on the port in ``issuer.url``."""
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield issuer
    finally:
        # Leave open connections: the test's event loop ends with them.
        server.close()


def trusting(*entries: dict[str, Any]) -> str:
    """Return the setting that trusts these issuers."""
    return json.dumps(entries)
