"""Third-party clients based on httpx, used as documented; only addresses are configured."""

import asyncio
from typing import Any, Final

import httpx
import pytest

from development.client import Person
from tests.interop.flows import CLIENT_ID, REFRESHES, Seen, Site
from tests.interop.flows import SCOPE as PROGRAM_SCOPE
from tests.interop.programs import python_package

SCOPE: Final = "account"
LONGER_THAN_ANY_TOKEN: Final = 1_000_000
"""Seconds before its end at which a token counts as expired, so that every token does."""


class HttpxAuth:
    """httpx-auth, which refreshes automatically; if that is refused, it logs in again with its stored password."""

    def _calls(self, site: Site, person: Person, early_expiries: list[float]) -> Seen:
        httpx_auth = python_package("httpx_auth")
        httpx_auth.OAuth2.token_cache.clear()
        seen = []
        with httpx.Client(trust_env=False) as own, httpx.Client(trust_env=False) as client:
            for early_expiry in early_expiries:
                auth = httpx_auth.OAuth2ResourceOwnerPasswordCredentials(
                    site.token_url, username=person.username, password=person.password, scope=SCOPE, client=own,
                    early_expiry=early_expiry,
                )  # fmt: skip
                seen.append(str(client.get(site.me_url, auth=auth).json()["username"]))
        return seen

    def log_in(self, site: Site, person: Person) -> Seen:
        return self._calls(site, person, [30])

    def refresh(self, site: Site, person: Person) -> Seen:
        return self._calls(site, person, [30, *[LONGER_THAN_ANY_TOKEN] * REFRESHES])

    def act_for_itself(self, site: Site, _: Person) -> Seen:
        httpx_auth = python_package("httpx_auth")
        httpx_auth.OAuth2.token_cache.clear()
        with httpx.Client(trust_env=False) as own, httpx.Client(trust_env=False) as client:
            auth = httpx_auth.OAuth2ClientCredentials(
                site.program_token_url,
                client_id=site.program.client_id,
                client_secret=site.program.secret,
                scope=PROGRAM_SCOPE,
                client=own,
            )
            return [str(client.get(site.items_url, auth=auth).status_code)]


class HttpxOauth:
    """httpx-oauth, which has no password grant: it continues a session that was started by a login."""

    def _client(self, site: Site) -> Any:
        oauth2 = python_package("httpx_oauth.oauth2")
        return oauth2.OAuth2(
            CLIENT_ID,
            "",
            authorize_endpoint=f"{site.url}/oauth/authorize",
            access_token_endpoint=site.token_url,
            refresh_token_endpoint=site.token_url,
            revoke_token_endpoint=site.revoke_url,
            revocation_endpoint_auth_method="client_secret_post",
        )

    def _first(self, site: Site, person: Person) -> dict[str, Any]:
        form = {"username": person.username, "password": person.password}
        first: dict[str, Any] = httpx.post(site.token_url, data=form, trust_env=False).json()
        return first

    def refresh(self, site: Site, person: Person) -> Seen:
        return asyncio.run(self._refresh(site, person))

    async def _refresh(self, site: Site, person: Person) -> Seen:
        client, token = self._client(site), self._first(site, person)
        seen = [_name(site, token["access_token"])]
        for _ in range(REFRESHES):
            token = await client.refresh_token(token["refresh_token"])
            seen.append(_name(site, token["access_token"]))
        return seen

    def reuse(self, site: Site, person: Person) -> Seen:
        client, token = self._client(site), self._first(site, person)
        asyncio.run(client.refresh_token(token["refresh_token"]))
        with pytest.raises(python_package("httpx_oauth.oauth2").RefreshTokenError) as refused:
            asyncio.run(client.refresh_token(token["refresh_token"]))
        assert refused.value.response is not None
        return [refused.value.response.json()["error"]]

    def log_out(self, site: Site, person: Person) -> Seen:
        asyncio.run(self._client(site).revoke_token(self._first(site, person)["refresh_token"], "refresh_token"))
        return []


def _name(site: Site, access_token: str) -> str:
    headers = {"Authorization": f"Bearer {access_token}"}
    return str(httpx.get(site.me_url, headers=headers, trust_env=False).json()["username"])
