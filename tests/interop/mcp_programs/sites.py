"""doorward, an MCP server that it protects, and a host of client metadata: processes and ports of this machine."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

import httpx

from development.client import PASSWORD, Person
from development.ports import free_port
from tests.integration.oauth.browsers import Browser, forwarded
from tests.integration.oauth.client_documents import DocumentHost

READY_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class McpSite:
    """The addresses of all servers."""

    issuer: str
    server: str
    """The URL of the MCP server, which is the resource of its tokens."""
    documents: DocumentHost
    client_id: str
    """The id of a public client that an operator added."""
    callback_port: int


class NetworkBrowser(Browser):
    """A browser that calls the service over the network."""

    def __init__(self, issuer: str) -> None:
        self.http = httpx.AsyncClient(base_url=issuer, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def agree(self, address: str, person: Person) -> str:
        """Open a client's link, sign in if required, and consent; return the URL of the redirect back to the client."""
        page = await self.get(address)
        if "/sign-in" in str(page.url):
            page = await self.sign_in(page, person)
        back = page.headers.get("location")
        return str(back) if back else forwarded(await self.send(page, decision="allow"))

    async def sign_in(self, page: httpx.Response, person: Person, **fields: str) -> httpx.Response:
        return await super().sign_in(page, person, password=PASSWORD, **fields)


@asynccontextmanager
async def running_mcp_server(issuer: str) -> AsyncIterator[str]:
    """Run `examples/mcp_server.py`; yield its URL."""
    address = f"http://127.0.0.1:{free_port()}/mcp"
    environment = {**os.environ, "MCP_ADDRESS": address, "DOORWARD_URL": issuer}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "examples/mcp_server.py", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _answers(address):  # noqa: ASYNC110 - another process is watched
                await asyncio.sleep(0.05)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def _answers(address: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(address)).status_code == httpx.codes.UNAUTHORIZED
    except httpx.TransportError:
        return False
