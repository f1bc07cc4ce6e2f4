"""A public client, and the holder of a key."""

from typing import Any

import pytest

from development.client import Person
from tests.integration.oauth.browsers import Application, Browser, application
from tests.integration.oauth.dpop.key_holders import NATIVE, SCOPES, KeyHolder
from tests.integration.oauth.provider import Provider


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    """Return a public client whose tokens may call all routes of their user."""
    scopes = ("account", "openid", "offline_access")
    return await application(lasting_provider, **NATIVE, scopes=scopes, is_first_party=True)


@pytest.fixture
def holder(lasting_provider: Provider) -> KeyHolder:
    return KeyHolder(lasting_provider)


@pytest.fixture
async def person(lasting_provider: Provider) -> Person:
    return await lasting_provider.service.register()


@pytest.fixture
async def tokens(app: Application, holder: KeyHolder, browser: Browser, person: Person) -> dict[str, Any]:
    """Return the tokens of a session that is bound to the holder's key."""
    answer = await holder.exchange(app, await app.code(browser, person, scope=SCOPES))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
