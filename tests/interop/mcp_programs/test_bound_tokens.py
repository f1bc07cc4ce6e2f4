"""oauth4webapi gets tokens that are bound to a key (DPoP, RFC 9449), and uses them at doorward and at another service.

The other service is `examples/mcp_server.py`, which doorward-client protects.
"""

import asyncio
import json
from typing import Any

from development.client import Person
from tests.interop.mcp_programs.sites import McpSite, NetworkBrowser
from tests.interop.programs import FOLDER, node_package, run_node

ALGORITHMS = "ES256 RS256"


async def step(function: str, given: dict[str, Any]) -> dict[str, Any]:
    node_package("oauth4webapi")
    arguments = (FOLDER / "clients" / "run.mjs", "bound_tokens", function)
    answer: dict[str, Any] = json.loads(await asyncio.to_thread(run_node, *arguments, given=given))
    return answer


async def signed_in(site: McpSite, person: Person, scope: str, resource: str | None = None) -> dict[str, Any]:
    """Sign in; return the types of the tokens, the response to a call, and the responses to calls without the key."""
    given: dict[str, Any] = {
        "issuer": site.issuer,
        "client_id": site.client_id,
        "redirect_uri": f"http://127.0.0.1:{site.callback_port}/callback",
        "scope": scope,
        "resource": resource,
    }
    begun = await step("begin", given)
    async with NetworkBrowser(site.issuer) as browser:
        callback = await browser.agree(begun["address"], person)
    return await step("finish", {**given, **begun, "callback": callback})


async def test_oauth4webapi_uses_bound_tokens_at_userinfo(site: McpSite, person: Person) -> None:
    done = await signed_in(site, person, "openid")
    assert done["types"] == ["dpop", "dpop"]
    assert done["seen"]
    assert done["unbound"] == [["dpop", "invalid_token", ALGORITHMS]]
    assert done["stolen"] == [["bearer", "invalid_token", None]]


async def test_oauth4webapi_uses_bound_tokens_at_a_service_that_doorward_client_protects(
    site: McpSite, person: Person
) -> None:
    done = await signed_in(site, person, "notes:read", resource=site.server)
    assert done["types"] == ["dpop", "dpop"]
    assert done["seen"].startswith("200 ")
    assert '"serverInfo"' in done["seen"]
    assert done["unbound"] == [["dpop", "invalid_token", ALGORITHMS]]
    assert done["stolen"] == [["dpop", "invalid_token", ALGORITHMS]]
