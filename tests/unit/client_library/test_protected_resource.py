"""The metadata of a protected resource (RFC 9728), and a whole application that is protected without FastAPI."""

import json
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from doorward_client import Doorward, InsufficientScopeError, ProtectedResource
from doorward_client.asgi import Message, Receive, Scope, Send
from doorward_client.testing import Issuer
from tests.unit.client_library.signing import ISSUER

NOTES = "https://notes.example/mcp"
PATH = "/.well-known/oauth-protected-resource/mcp"
CHALLENGE = f'resource_metadata="https://notes.example{PATH}"'


def service(issuer: Issuer) -> Doorward:
    auth = Doorward(ISSUER, NOTES)
    issuer.connect(auth)
    return auth


def client(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://notes.example")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("identifier", "address"),
    [
        ("https://notes.example", "https://notes.example/.well-known/oauth-protected-resource"),
        ("https://notes.example/", "https://notes.example/.well-known/oauth-protected-resource"),
        ("https://notes.example:8443/a/b", "https://notes.example:8443/.well-known/oauth-protected-resource/a/b"),
        ("http://127.0.0.1:9000/mcp", "http://127.0.0.1:9000/.well-known/oauth-protected-resource/mcp"),
    ],
)
def test_the_metadata_path_is_inserted_between_host_and_path(identifier: str, address: str) -> None:
    assert ProtectedResource(identifier, ISSUER).address == address


@pytest.mark.parametrize(
    "identifier", ["notes", "urn:notes", "http://notes.example/", "https://notes.example/?a", "https://n/#"]
)
def test_a_service_without_a_url_as_its_audience_cannot_be_described(identifier: str) -> None:
    with pytest.raises(ValueError, match=r"^The address must"):
        Doorward(ISSUER, identifier).describe()


def test_the_metadata_omits_members_without_a_value() -> None:
    assert ProtectedResource(NOTES, ISSUER).document() == {
        "resource": NOTES,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256"],
    }
    described = ProtectedResource(NOTES, ISSUER, ("notes:read",), "Notes", "https://notes.example/docs").document()
    assert described["scopes_supported"] == ["notes:read"]
    assert (described["resource_name"], described["resource_documentation"]) == ("Notes", "https://notes.example/docs")


def fastapi_service(auth: Doorward) -> FastAPI:
    app = FastAPI()
    app.include_router(auth.metadata_router())

    @app.get("/mcp", dependencies=[auth.require_scope("notes:read")])
    async def list_notes() -> str:
        return "notes"

    return app


async def test_a_fastapi_service_serves_its_metadata_and_names_it_in_challenges(doorward_issuer: Issuer) -> None:
    auth = service(doorward_issuer)
    auth.describe(scopes=["notes:read"], name="Notes")
    async with client(fastapi_service(auth)) as http:
        described = await http.get(PATH)
        assert (described.status_code, described.json()["resource"]) == (200, NOTES)
        assert described.headers["Access-Control-Allow-Origin"] == "*"
        without = await http.get("/mcp")
        assert without.headers["WWW-Authenticate"] == f'Bearer realm="doorward", scope="notes:read", {CHALLENGE}'
        invalid = await http.get("/mcp", headers=bearer(doorward_issuer.expired()))
        assert (invalid.status_code, CHALLENGE in invalid.headers["WWW-Authenticate"]) == (401, True)
        lacking = await http.get("/mcp", headers=bearer(doorward_issuer.token("ada")))
        assert lacking.status_code == 403
        assert 'error="insufficient_scope"' in lacking.headers["WWW-Authenticate"]
        assert f'scope="notes:read", {CHALLENGE}' in lacking.headers["WWW-Authenticate"]
        assert (await http.get("/mcp", headers=bearer(doorward_issuer.token("ada", "notes:read")))).json() == "notes"


async def _notes(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.state.user.sub)


class RequiresMoreScopes:
    """A middleware that requires another scope, before the response or after it has begun."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            scope["state"]["user"].require_scopes(["notes:write"])
        await self._app(scope, receive, send)
        if scope["method"] == "PUT":
            raise InsufficientScopeError(["notes:write"])


def starlette_service(auth: Doorward) -> Any:
    notes = Route("/mcp", _notes, methods=["GET", "POST", "PUT"])
    return auth.protect(RequiresMoreScopes(Starlette(routes=[notes])), "notes:read")


async def test_all_paths_of_an_application_are_protected(doorward_issuer: Issuer) -> None:
    auth = service(doorward_issuer)
    async with client(starlette_service(auth)) as http:
        described = await http.get(PATH)
        assert described.json() == {
            "resource": NOTES,
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": ["ES256", "RS256"],
            "scopes_supported": ["notes:read"],
        }
        head = await http.head(PATH)
        assert (head.status_code, head.content, head.headers["Content-Length"]) == (
            200,
            b"",
            str(len(described.content)),
        )
        without = await http.get("/mcp")
        assert (without.status_code, without.json()["code"]) == (401, "missing_access_token")
        assert without.headers["WWW-Authenticate"] == f'Bearer realm="doorward", scope="notes:read", {CHALLENGE}'
        assert (await http.get("/nowhere")).status_code == 401, "without a token, existing paths are not revealed"
        assert (await http.post(PATH)).status_code == 401
        read = bearer(doorward_issuer.token("ada", "notes:read"))
        assert (await http.get("/mcp", headers=read)).text == "ada"
        lacking = await http.get("/mcp", headers=bearer(doorward_issuer.token("ada")))
        assert (lacking.status_code, lacking.json()["code"]) == (403, "insufficient_scope")
        expired = await http.get("/mcp", headers=bearer(doorward_issuer.expired()))
        assert (expired.status_code, expired.headers["Content-Type"]) == (401, "application/problem+json")


async def test_an_application_may_require_more_scopes_before_it_responds(doorward_issuer: Issuer) -> None:
    async with client(starlette_service(service(doorward_issuer))) as http:
        stepped = await http.post("/mcp", headers=bearer(doorward_issuer.token("ada", "notes:read")))
        assert stepped.status_code == 403
        assert 'error="insufficient_scope"' in stepped.headers["WWW-Authenticate"]
        assert f'scope="notes:write", {CHALLENGE}' in stepped.headers["WWW-Authenticate"]
        more = bearer(doorward_issuer.token("ada", "notes:read notes:write"))
        assert (await http.post("/mcp", headers=more)).status_code == 200
        with pytest.raises(InsufficientScopeError):
            await http.put("/mcp", headers=more)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Basic YTpi")],
        [(b"authorization", b"Bearer x")],
        [(b"authorization", b"Bearer \xff\xfe")],
        [(b"authorization", b"Bearer x"), (b"Authorization", b"Bearer x")],
    ],
)
async def test_only_requests_with_a_valid_token_reach_the_application(
    doorward_issuer: Issuer, headers: list[tuple[bytes, bytes]]
) -> None:
    sent: list[Message] = []

    async def unreachable(scope: Scope, *_: object) -> None:
        pytest.fail(f"{scope['path']} was reached")

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    app = service(doorward_issuer).protect(unreachable)
    scope = {"type": "http", "method": "GET", "path": "/mcp", "headers": headers}
    await app(scope, receive, send)
    assert sent[0]["status"] == 401
    assert json.loads(sent[1]["body"])["status"] == 401
    sent.clear()
    await app({"type": "websocket", "path": "/mcp", "headers": headers}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_two_authorization_headers_are_refused_even_if_each_is_valid(doorward_issuer: Issuer) -> None:
    async with client(starlette_service(service(doorward_issuer))) as http:
        token = f"Bearer {doorward_issuer.token('ada', 'notes:read')}"
        assert (await http.get("/mcp", headers=[("Authorization", token)])).status_code == 200
        twice = await http.get("/mcp", headers=[("Authorization", token), ("Authorization", token)])
        assert (twice.status_code, twice.json()["code"]) == (401, "invalid_access_token")


async def test_the_lifespan_is_handled_by_the_application(doorward_issuer: Issuer) -> None:
    seen: list[str] = []

    async def app(scope: Scope, *_: object) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Any:
        return {}

    await service(doorward_issuer).protect(app)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]


def test_live_verification_needs_client_credentials() -> None:
    async def app(*_: object) -> None:
        """Never called."""

    with pytest.raises(ValueError, match="client_secret"):
        Doorward(ISSUER, NOTES).protect(app, live=True)
