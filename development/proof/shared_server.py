"""A pytest plugin for many short runs: the tests use one migrated PostgreSQL that somebody else has started."""

import os
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest

SERVER_URL: Final = "DOORWARD_PROOF_SERVER_URL"
TEMPLATE: Final = "doorward_template"


class SharedServer:
    """What the fixture `postgres` yields, as far as tests that never stop the server need it."""

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return urlunsplit(urlsplit(os.environ[SERVER_URL])._replace(path=f"/{database}"))


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> object:  # noqa: ANN401 - its type is pytest's secret
    """Give these two fixtures their values without starting or migrating anything."""
    values: dict[str, object] = {"postgres": SharedServer(), "template": TEMPLATE}
    if fixturedef.argname not in values:
        return None
    value = values[fixturedef.argname]
    fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
    return value
