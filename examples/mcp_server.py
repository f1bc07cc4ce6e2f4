"""An MCP server whose tools act for the user who signed in to doorward: docs/mcp.md.

Needs the packages ``mcp``, ``uvicorn`` and ``doorward-client``. MCP clients discover doorward: the first call without a
token is answered with the URL of this server's metadata (RFC 9728), which names doorward.
"""

import json
import os
from collections import defaultdict
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

from doorward_client import CurrentUser, Doorward
from doorward_client.asgi import App, Receive, Scope, Send

ADDRESS: Final = os.environ.get("MCP_ADDRESS", "http://127.0.0.1:9000/mcp")
"""The URL for clients, and the audience of the tokens: ``doorward resource add``."""

ISSUER: Final = os.environ.get("DOORWARD_URL", "http://localhost:8000")
READ, WRITE = "notes:read", "notes:write"
SCOPES_OF_TOOLS: Final = {"add_note": (READ, WRITE)}
"""The scopes that a tool needs in addition to those of every call."""

MAXIMUM_BODY: Final = 64 * 1024

auth = Doorward(ISSUER, ADDRESS)
auth.describe(scopes=[READ, WRITE], name="Notes")
server = MCPServer("Notes")
notes_of: defaultdict[str, list[str]] = defaultdict(list)
"""Notes by the user's id, which never changes."""


def caller_of(context: Context[Any, Any]) -> CurrentUser:
    """Return the user whose client calls a tool."""
    request = context.request_context.request
    if request is None:
        raise RuntimeError("These tools are called by HTTP alone.")
    user: CurrentUser = request.state.user
    return user


@server.tool()
def list_notes(context: Context[Any, Any]) -> list[str]:
    """List your notes."""
    return notes_of[caller_of(context).sub]


@server.tool()
def add_note(text: str, context: Context[Any, Any]) -> str:
    """Add a note."""
    user = caller_of(context)
    user.require_scopes(SCOPES_OF_TOOLS["add_note"])
    notes_of[user.sub].append(text)
    return f"You have {len(notes_of[user.sub])} notes."


class ToolScopes:
    """Refuses a tool call without the needed scopes with 403, so that the client asks the user for them.

    A tool could only report a failure, for which no client asks for scopes.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Inspect the body first, then pass it on. The lifespan, and calls without a body, are passed on unchanged."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body, is_complete = b"", False
        while not is_complete and len(body) <= MAXIMUM_BODY:
            message = await receive()
            body += message.get("body", b"")
            is_complete = not message.get("more_body", False)
        if is_complete:
            user: CurrentUser = scope["state"]["user"]
            user.require_scopes(scopes_of(body))
        read = False

        async def replay() -> Any:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": not is_complete}

        await self._app(scope, replay, send)


def scopes_of(body: bytes) -> tuple[str, ...]:
    """Return the scopes of the tool that a message calls. Other messages are left to the server."""
    try:
        message = json.loads(body)
        is_call = message["method"] == "tools/call"
        return SCOPES_OF_TOOLS.get(message["params"]["name"], ()) if is_call else ()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


app = auth.protect(ToolScopes(server.streamable_http_app()), READ)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(ADDRESS.rpartition(":")[2].partition("/")[0]))
