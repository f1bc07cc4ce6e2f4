"""Refused authorization requests and invalid device codes: the kinds of calls that the timing proof compares."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlencode

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from development.proof.client_timing import SETTINGS
from development.proof.sign_ins import (
    AUTHORIZE,
    DEVICE,
    PASSWORD,
    SCOPE,
    Application,
    Browser,
    PreparedRequest,
    add_application,
    http_at,
)
from development.proof.timing_kinds import Kind
from doorward.domain.oauth.client_secret import new_client_id
from doorward.domain.oauth.user_code import new_user_code, shown
from doorward.settings.config import Settings, settings_from

REFUSED: Final = 400
NO_CODE: Final = 422
NAME: Final = "signed-in"


class ProviderSite:
    """The provider's pages, over one connection of a signed-in user."""

    def __init__(self, url: str, database_url: str, secret_key: str) -> None:
        """Add the applications, sign in a user, and create expired devices."""
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        read = {name.lower(): value for name, value in SETTINGS.items()}
        settings = settings_from(
            {**read, "environment": "development", "secret_key": secret_key, "database_url": database_url}
        )
        asyncio.run(self._prepare(settings))
        with psycopg.connect(database_url, autocommit=True) as operator:
            operator.execute("UPDATE oauth_clients SET disabled_at = now() WHERE client_id = %s", [self._disabled.id])
            operator.execute(
                "UPDATE oauth_devices SET expires_at = now() - interval '1 minute' WHERE client_id = %s",
                [self._known.id],
            )
            operator.execute("VACUUM ANALYZE oauth_clients, oauth_devices, browser_sessions, users")

    async def _prepare(self, settings: Settings) -> None:
        self._known, self._disabled = await add_application(settings), await add_application(settings)
        async with http_at(self._url) as http:
            account = {"username": NAME, "email": f"{NAME}@example.com", "password": PASSWORD}
            await PreparedRequest("POST", "/api/v1/auth/register", body=account).send(http)
            self._expired, self._of_disabled = [
                (await each.post("/oauth/device_authorization", scope=SCOPE).send(http)).json()["user_code"]
                for each in (self._known, self._disabled)
            ]
            browser = Browser(http)
            await browser.sign_in(NAME)
            self._form = browser.filled(await browser.get(DEVICE))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def kinds(self) -> Mapping[str, list[Kind]]:
        """Return the kinds of calls by group; an attacker must not be able to distinguish the kinds of one group."""
        return {
            "Refused requests for authorization": [
                Kind("unknown client", lambda: self._ask(Application(new_client_id(), "")), REFUSED),
                Kind("known client, another address", partial(self._ask, self._known), REFUSED),
                Kind("disabled client, another address", partial(self._ask, self._disabled), REFUSED),
            ],
            "Codes of devices": [
                Kind("a code that no device shows", lambda: self._enter(shown(new_user_code())), NO_CODE),
                Kind("the code of a device that is over", partial(self._enter, self._expired), NO_CODE),
                Kind("the code of a disabled client", partial(self._enter, self._of_disabled), NO_CODE),
            ],
        }

    def _ask(self, application: Application) -> requests.Response:
        query = urlencode(application.parameters(redirect_uri="https://other.example/callback"))
        return self._session.get(f"{self._url}{AUTHORIZE}?{query}", timeout=CALL_SECONDS)

    def _enter(self, user_code: str) -> requests.Response:
        form = {**(self._form.form or {}), "user_code": user_code}
        headers = dict(self._form.headers)
        return self._session.post(f"{self._url}{DEVICE}", data=form, headers=headers, timeout=CALL_SECONDS)
