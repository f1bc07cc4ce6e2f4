"""The service as an OpenID provider: its database, its application, and signed-in users."""

import secrets
from dataclasses import dataclass
from typing import Final

import requests

from benchmarks.accounts import Accounts
from benchmarks.codes.visitors import Visitors, sign_in
from benchmarks.peers.code_server import REDIRECT_URI, CodeServer
from benchmarks.processes import CALL_SECONDS, Running
from benchmarks.service import UNREACHED_LIMIT
from benchmarks.tokens.provider import SETTINGS, TOKEN, run_command
from development.postgres import EmbeddedPostgres

WITH_PAGES: Final = {**SETTINGS, "RATE_LIMIT_AUTHORIZE": UNREACHED_LIMIT}
EVERYTHING: Final = {**WITH_PAGES, "CLIENT_REGISTRATION_ENABLED": "true", "CLIENT_METADATA_HOSTS": "*"}
"""Settings that also enable what is off by default."""

PAGES: Final = ("/account/sign-in", "/account/register", "/oauth/jwks", "/.well-known/openid-configuration")


@dataclass(frozen=True)
class Site:
    """The database, the key and the application that the services of one measurement share."""

    url: str
    key: str
    people: Accounts
    visitors: Visitors

    def server(self, service: Running) -> CodeServer:
        """Return the service in the form of the peers."""
        return CodeServer(service, TOKEN, self.visitors.client_id, self.visitors.codes)

    def open_pages(self, service: Running) -> None:
        """Request the public pages."""
        for path in PAGES:
            requests.get(f"{service.url}{path}", timeout=CALL_SECONDS).raise_for_status()


def new_site(postgres: EmbeddedPostgres, people: Accounts) -> Site:
    """Register the application, and sign users in."""
    url, key = postgres.loopback_url(people.connection.info.dbname), secrets.token_urlsafe(48)
    return Site(url, key, people, sign_in(people, key, _add_application(url, key)))


def _add_application(url: str, key: str) -> str:
    """Register a public client as the operator; return its id."""
    options = ["--auth-method", "none", "--redirect-uri", REDIRECT_URI, "--scope", "openid", "--first-party"]
    options += ["--grant", "authorization_code", "--grant", "refresh_token"]
    return run_command(url, key, "client", "add", "benchmark", *options).split("\t")[0]
