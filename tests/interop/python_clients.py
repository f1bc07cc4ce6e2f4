"""Third-party clients in Python, used as documented; only addresses are configured."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from development.client import Person
from tests.interop.flows import CLIENT_ID, REFRESHES, Client, Flow, Seen, Site
from tests.interop.flows import SCOPE as PROGRAM_SCOPE
from tests.interop.httpx_clients import HttpxAuth, HttpxOauth
from tests.interop.programs import python_package

SCOPE: Final = "account"
LONGER_THAN_ANY_TOKEN: Final = 1_000_000
"""Seconds before its end at which a token counts as expired, so that every token does."""


class RequestsOAuthlib:
    """requests-oauthlib, which refreshes automatically a moment after a token has expired."""

    def _session(self, site: Site, person: Person) -> Any:
        requests_oauthlib, oauth2 = python_package("requests_oauthlib"), python_package("oauthlib.oauth2")
        session = requests_oauthlib.OAuth2Session(
            client=oauth2.LegacyApplicationClient(client_id=CLIENT_ID),
            scope=[SCOPE],
            auto_refresh_url=site.token_url,
            token_updater=lambda _: None,
        )
        session.trust_env = False
        session.fetch_token(site.token_url, username=person.username, password=person.password)
        return session

    def log_in(self, site: Site, person: Person) -> Seen:
        return [self._session(site, person).get(site.me_url).json()["username"]]

    def refresh(self, site: Site, person: Person) -> Seen:
        session = self._session(site, person)
        seen = [session.get(site.me_url).json()["username"]]
        for _ in range(REFRESHES):
            session.token = {**session.token, "expires_at": time.time() - 1}
            seen.append(session.get(site.me_url).json()["username"])
        return seen

    def reuse(self, site: Site, person: Person) -> Seen:
        session = self._session(site, person)
        used = session.token["refresh_token"]
        session.refresh_token(site.token_url, refresh_token=used)
        with pytest.raises(python_package("oauthlib.oauth2").InvalidGrantError) as refused:
            session.refresh_token(site.token_url, refresh_token=used)
        return [refused.value.error]

    def act_for_itself(self, site: Site, _: Person) -> Seen:
        client = python_package("oauthlib.oauth2").BackendApplicationClient(client_id=site.program.client_id)
        session = python_package("requests_oauthlib").OAuth2Session(client=client, scope=[PROGRAM_SCOPE])
        session.trust_env = False
        session.fetch_token(site.program_token_url, client_secret=site.program.secret)
        return [str(session.get(site.items_url).status_code)]


class Oauthlib:
    """oauthlib, which writes and parses messages, without sending them."""

    def __init__(self) -> None:
        self._oauth2: Any = None

    def _client(self, site: Site, person: Person) -> Any:
        self._oauth2 = python_package("oauthlib.oauth2")
        client = self._oauth2.LegacyApplicationClient(client_id=CLIENT_ID)
        body = client.prepare_request_body(username=person.username, password=person.password)
        client.parse_request_body_response(_post(site.token_url, body))
        return client

    def log_in(self, site: Site, person: Person) -> Seen:
        return [self._name(site, self._client(site, person))]

    def _name(self, site: Site, client: Any) -> str:
        url, headers, _ = client.add_token(site.me_url)
        return str(httpx.get(url, headers=headers, trust_env=False).json()["username"])

    def refresh(self, site: Site, person: Person) -> Seen:
        client = self._client(site, person)
        seen = [self._name(site, client)]
        for _ in range(REFRESHES):
            self._refresh(site, client, client.token["refresh_token"])
            seen.append(self._name(site, client))
        return seen

    def _refresh(self, site: Site, client: Any, token: str) -> None:
        url, headers, body = client.prepare_refresh_token_request(site.token_url, refresh_token=token, scope=SCOPE)
        client.parse_request_body_response(_post(url, body, headers))

    def reuse(self, site: Site, person: Person) -> Seen:
        client = self._client(site, person)
        used = client.token["refresh_token"]
        self._refresh(site, client, used)
        with pytest.raises(self._oauth2.InvalidGrantError) as refused:
            self._refresh(site, client, used)
        return [refused.value.error]

    def log_out(self, site: Site, person: Person) -> Seen:
        return self._log_out(site, person, "refresh_token")

    def log_out_by_access_token(self, site: Site, person: Person) -> Seen:
        return self._log_out(site, person, "access_token")

    def _log_out(self, site: Site, person: Person, kind: str) -> Seen:
        client = self._client(site, person)
        url, headers, body = client.prepare_token_revocation_request(
            site.revoke_url, client.token[kind], token_type_hint=kind
        )
        _post(url, body, headers)
        return []

    def act_for_itself(self, site: Site, _: Person) -> Seen:
        client = python_package("oauthlib.oauth2").BackendApplicationClient(client_id=site.program.client_id)
        body = client.prepare_request_body(scope=[PROGRAM_SCOPE])
        credentials = (site.program.client_id, site.program.secret)
        client.parse_request_body_response(_post(site.program_token_url, body, auth=credentials))
        url, headers, _body = client.add_token(site.items_url)
        return [str(httpx.get(url, headers=headers, trust_env=False).status_code)]


def _post(url: str, body: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None) -> str:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return httpx.post(url, content=body, headers=headers or form, auth=auth, trust_env=False).text


class Authlib:
    """Authlib on requests, which refreshes automatically."""

    def _session(self, site: Site, person: Person, leeway: int = 60) -> Any:
        session = python_package("authlib.integrations.requests_client").OAuth2Session(
            CLIENT_ID, scope=SCOPE, token_endpoint=site.token_url, leeway=leeway, token_endpoint_auth_method="none"
        )
        session.trust_env = False
        session.fetch_token(username=person.username, password=person.password)
        return session

    def log_in(self, site: Site, person: Person) -> Seen:
        return [self._session(site, person).get(site.me_url).json()["username"]]

    def refresh(self, site: Site, person: Person) -> Seen:
        session = self._session(site, person)
        seen = [session.get(site.me_url).json()["username"]]
        session.leeway = LONGER_THAN_ANY_TOKEN
        return [*seen, *(session.get(site.me_url).json()["username"] for _ in range(REFRESHES))]

    def reuse(self, site: Site, person: Person) -> Seen:
        session = self._session(site, person)
        used = session.token["refresh_token"]
        session.refresh_token(refresh_token=used)
        with pytest.raises(python_package("authlib.integrations.base_client").OAuthError) as refused:
            session.refresh_token(refresh_token=used)
        return [refused.value.error]

    def log_out(self, site: Site, person: Person) -> Seen:
        self._session(site, person).revoke_token(site.revoke_url).raise_for_status()
        return []

    def log_out_by_access_token(self, site: Site, person: Person) -> Seen:
        session = self._session(site, person)
        token = session.token["access_token"]
        session.revoke_token(site.revoke_url, token=token, token_type_hint="access_token").raise_for_status()
        return []

    def act_for_itself(self, site: Site, _: Person) -> Seen:
        session = python_package("authlib.integrations.requests_client").OAuth2Session(
            site.program.client_id, site.program.secret, scope=PROGRAM_SCOPE
        )
        session.trust_env = False
        session.fetch_token(site.program_token_url, grant_type="client_credentials")
        return [str(session.get(site.items_url).status_code)]

    def look_at_a_token(self, site: Site, _: Person) -> Seen:
        session = python_package("authlib.integrations.requests_client").OAuth2Session(
            site.program.client_id, site.program.secret, scope=PROGRAM_SCOPE
        )
        session.trust_env = False
        token = session.fetch_token(site.program_token_url, grant_type="client_credentials")["access_token"]
        good, bad = (session.introspect_token(site.introspection_url, token=each).json() for each in (token, "a"))
        return [good["scope"], str(bad["active"]).lower()]


class AuthlibAsynchronous:
    """Authlib's asynchronous client, which refreshes automatically."""

    @asynccontextmanager
    async def _session(self, site: Site, person: Person) -> AsyncIterator[Any]:
        session = python_package("authlib.integrations.httpx_client").AsyncOAuth2Client(
            CLIENT_ID, scope=SCOPE, token_endpoint=site.token_url, token_endpoint_auth_method="none", trust_env=False
        )
        async with session:
            await session.fetch_token(username=person.username, password=person.password)
            yield session

    def log_in(self, site: Site, person: Person) -> Seen:
        return asyncio.run(self._log_in(site, person))

    async def _log_in(self, site: Site, person: Person) -> Seen:
        async with self._session(site, person) as session:
            return [(await session.get(site.me_url)).json()["username"]]

    def refresh(self, site: Site, person: Person) -> Seen:
        return asyncio.run(self._refresh(site, person))

    async def _refresh(self, site: Site, person: Person) -> Seen:
        async with self._session(site, person) as session:
            seen = [(await session.get(site.me_url)).json()["username"]]
            session.leeway = LONGER_THAN_ANY_TOKEN
            return [*seen, *[(await session.get(site.me_url)).json()["username"] for _ in range(REFRESHES)]]

    def log_out(self, site: Site, person: Person) -> Seen:
        return asyncio.run(self._log_out(site, person))

    async def _log_out(self, site: Site, person: Person) -> Seen:
        async with self._session(site, person) as session:
            (await session.revoke_token(site.revoke_url)).raise_for_status()
            return []

    def act_for_itself(self, site: Site, _: Person) -> Seen:
        return asyncio.run(self._act_for_itself(site))

    async def _act_for_itself(self, site: Site) -> Seen:
        session = python_package("authlib.integrations.httpx_client").AsyncOAuth2Client(
            site.program.client_id, site.program.secret, scope=PROGRAM_SCOPE, trust_env=False
        )
        async with session:
            await session.fetch_token(site.program_token_url, grant_type="client_credentials")
            return [str((await session.get(site.items_url)).status_code)]


def flows_of(client: object) -> Client:
    """Return the flows that a client supports."""
    methods = {
        Flow.LOGIN: "log_in",
        Flow.REFRESH: "refresh",
        Flow.REUSE: "reuse",
        Flow.LOGOUT: "log_out",
        Flow.LOGOUT_BY_ACCESS_TOKEN: "log_out_by_access_token",
        Flow.CLIENT_CREDENTIALS: "act_for_itself",
        Flow.INTROSPECTION: "look_at_a_token",
    }
    members = dict(inspect.getmembers(client))
    return {flow: members[method] for flow, method in methods.items() if method in members}


PYTHON_CLIENTS: Final[Mapping[str, Client]] = {
    "requests-oauthlib": flows_of(RequestsOAuthlib()),
    "oauthlib": flows_of(Oauthlib()),
    "Authlib": flows_of(Authlib()),
    "Authlib (asynchronous)": flows_of(AuthlibAsynchronous()),
    "httpx-auth": flows_of(HttpxAuth()),
    "httpx-oauth": flows_of(HttpxOauth()),
}
