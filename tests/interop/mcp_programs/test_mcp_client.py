"""The client library of MCP, configured only with the URL of `examples/mcp_server.py`, signs a person in to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from development.client import Person
from doorward.domain.oauth.pkce import challenge_of
from tests.integration.oauth.browsers import answer_of
from tests.interop.mcp_programs.sites import McpSite, NetworkBrowser

pytestmark = pytest.mark.filterwarnings("default")  # third-party libraries may emit warnings

CALLBACK = "http://127.0.0.1:7777/callback"


class Memory:
    """The storage of a client."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class McpClient:
    """A program with the client library, and a person who signs in on doorward's pages."""

    def __init__(self, site: McpSite, person: Person, client_id: str) -> None:
        self.site = site
        self.memory = Memory()
        self.asked: list[dict[str, list[str]]] = []
        """The parameters of each authorization request."""
        self._browser = NetworkBrowser(site.issuer)
        self._person = person
        self._back = ""
        self._provider = OAuthClientProvider(
            server_url=site.server,
            client_metadata=OAuthClientMetadata(
                client_name="Notebook",
                redirect_uris=[AnyUrl(CALLBACK)],
                grant_types=["authorization_code", "refresh_token"],
                token_endpoint_auth_method="none",
            ),
            storage=self.memory,
            redirect_handler=self._open,
            callback_handler=self._answer,
            client_metadata_url=client_id,
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ClientSession]:
        async with (
            self._browser,
            httpx2.AsyncClient(auth=self._provider, trust_env=False, timeout=60) as client,
            streamable_http_client(self.site.server, http_client=client) as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            yield session

    async def _open(self, address: str) -> None:
        self.asked.append(parse_qs(urlsplit(address).query))
        self._back = await self._browser.agree(address, self._person)

    async def _answer(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(answer_of(self._back))


def described(site: McpSite) -> str:
    return site.documents.describe("/notebook.json", redirect_uris=[CALLBACK])


def texts(result: Any) -> list[str]:
    assert not result.is_error, result
    return [part.text for part in result.content]


async def test_an_unregistered_client_calls_tools_and_requests_more_scopes_when_needed(
    site: McpSite, person: Person
) -> None:
    client = McpClient(site, person, described(site))
    async with client.session() as session:
        assert {tool.name for tool in (await session.list_tools()).tools} == {"list_notes", "add_note"}
        assert texts(await session.call_tool("list_notes", {})) == []
        (first,) = client.asked
        assert first["client_id"] == [described(site)]
        assert first["resource"] == [site.server]
        assert set(first["scope"][0].split()) == {"notes:read", "offline_access"}
        assert texts(await session.call_tool("add_note", {"text": "buy milk"})) == ["You have 1 notes."]
        assert set(client.asked[1]["scope"][0].split()) == {"notes:read", "notes:write", "offline_access"}
        assert texts(await session.call_tool("list_notes", {})) == ["buy milk"]
    assert len(client.asked) == 2


async def test_another_person_has_separate_notes_and_an_anonymous_client_is_refused(
    site: McpSite, person: Person
) -> None:
    client = McpClient(site, person, described(site))
    async with client.session() as session:
        assert texts(await session.call_tool("list_notes", {})) == []
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.post(site.server, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_token_for_the_provider_itself_is_refused_by_the_server(site: McpSite, person: Person) -> None:
    client_id = described(site)
    verifier = "v" * 43
    page = httpx.URL(
        f"{site.issuer}/oauth/authorize",
        params={
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        },
    )
    async with NetworkBrowser(site.issuer) as browser:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code": answer_of(await browser.agree(str(page), person))["code"],
            "code_verifier": verifier,
        }
        token = (await browser.http.post("/oauth/token", data=form)).json()["access_token"]
    async with httpx.AsyncClient(trust_env=False) as client:
        refused = await client.post(site.server, headers={"Authorization": f"Bearer {token}"}, json={})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_access_token")
