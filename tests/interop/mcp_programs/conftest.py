"""The service and servers for the tests of MCP."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from uuid import uuid4

import httpx
import psycopg
import pytest

from development.client import PASSWORD, REGISTER, Person, new_person
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.integration.mail_server import Certificates
from tests.integration.oauth.client_documents import document_host
from tests.interop.mcp_programs.sites import McpSite, running_mcp_server

SCOPES = ("notes:read", "notes:write")


@pytest.fixture(scope="session")
async def site(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[McpSite]:
    """Yield a service that accepts clients of one host, for one MCP server."""
    name = f"mcp_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(postgres.url(name))
    certificates = Certificates(tmp_path_factory.mktemp("authority"))
    port, callback_port = free_port(), free_port()
    issuer = f"http://127.0.0.1:{port}"
    async with document_host(certificates.server_context()) as documents, running_mcp_server(issuer) as server:
        settings = proof_settings(
            postgres.url(name),
            PUBLIC_URL=issuer,
            SSL_CERT_FILE=str(certificates.authority_file()),
            CLIENT_METADATA_HOSTS=documents.authority,
            SELF_REGISTERED_SCOPES=",".join(("openid", "offline_access", *SCOPES)),
            SELF_REGISTERED_RESOURCES=server,
        )
        _run(settings, "resource", "add", server, *(word for scope in SCOPES for word in ("--scope", scope)))
        client_id = _run(
            settings,
            *("client", "add", "Conformance", "--auth-method", "none", "--audience", server),
            *("--redirect-uri", f"http://127.0.0.1:{callback_port}/callback"),
            *(word for scope in ("openid", *SCOPES) for word in ("--scope", scope)),
        )
        with ExitStack() as stack:
            # This call blocks until the service is ready, while the host of documents must respond.
            await asyncio.to_thread(stack.enter_context, running_service(settings, port=port))
            yield McpSite(issuer, server, documents, client_id, callback_port)


@pytest.fixture
def person(site: McpSite) -> Person:
    made = new_person()
    body = {"email": made.email, "username": made.username, "password": PASSWORD}
    httpx.post(f"{site.issuer}{REGISTER}", json=body, trust_env=False).raise_for_status()
    return made


def _run(settings: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "doorward", *arguments]
    done = subprocess.run(command, check=True, env={**os.environ, **settings}, capture_output=True, text=True)
    return done.stdout.strip()
