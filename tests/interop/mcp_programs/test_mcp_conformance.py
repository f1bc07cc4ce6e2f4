"""The public conformance suite of MCP, against doorward as an authorization server."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Final

import httpx

from development.client import Person
from tests.interop.mcp_programs.sites import McpSite, NetworkBrowser
from tests.interop.programs import node, node_package

PACKAGE: Final = "@modelcontextprotocol/conformance"
CHECKS: Final = (
    "authorization-server-metadata",
    "authorization-server-metadata-cimd",
    "authorization-code-grant",
)
"""All checks of the command, which are listed in docs/mcp.md."""

SECONDS: Final = 120
_LINK: Final = re.compile(r"https?://\S+/oauth/authorize\?\S+")


async def test_the_authorization_command_passes(site: McpSite, person: Person, tmp_path: Path) -> None:
    """The command fetches the metadata, then prints a link for a person, which a browser of the tests opens."""
    program = node_package(PACKAGE) / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        node(),
        *(str(program), "authorization", "--url", site.issuer, "--client-id", site.client_id),
        *("--resource", site.server, "--port", str(site.callback_port), "--output-dir", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(SECONDS):
        async for line in process.stdout:
            said += line.decode()
            link = _LINK.search(line.decode())
            if link:
                async with NetworkBrowser(site.issuer) as browser:
                    back = await browser.agree(link[0], person)
                async with httpx.AsyncClient(trust_env=False) as client:
                    await client.get(back)
        status = await process.wait()
    assert status == 0, said
    assert _checks(tmp_path) == dict.fromkeys(CHECKS, "SUCCESS")


def _checks(folder: Path) -> dict[str, str]:
    checks = [check for file in folder.rglob("checks.json") for check in json.loads(file.read_text())]
    return {check["id"]: check["status"] for check in checks}
