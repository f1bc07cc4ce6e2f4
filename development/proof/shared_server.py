"""A pytest plugin for many short runs: the tests share one migrated PostgreSQL that is already running.

In a run of mutmut with one mutant, the tests most likely to detect it run first, and some are omitted.
"""

import hashlib
import os
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest

SERVER_URL: Final = "DOORWARD_PROOF_SERVER_URL"
TEMPLATE: Final = "doorward_template"
MUTANT: Final = "MUTANT_UNDER_TEST"
"""mutmut's variable: the name of the mutant, or another value while mutmut measures the tests."""

FAULTY: Final = "__mutmut_"
MAXIMUM_TESTS: Final = 400
"""The maximum for one mutant. If more tests reach it and none of these detects it, it counts as survived."""


class SharedServer:
    """Replaces the value of the fixture `postgres`, for tests that never stop the server."""

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return urlunsplit(urlsplit(os.environ[SERVER_URL])._replace(path=f"/{database}"))


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> object:  # noqa: ANN401 - pytest does not export its type
    """Return the values of these two fixtures without starting or migrating a server."""
    values: dict[str, object] = {"postgres": SharedServer(), "template": TEMPLATE}
    if fixturedef.argname not in values:
        return None
    value = values[fixturedef.argname]
    fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
    return value


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests named like the mutant's module first, then unit tests; omit some of the others."""
    name = os.environ.get(MUTANT, "")
    if FAULTY not in name:
        return
    module = name.partition(".x")[0].rpartition(".")[2].removesuffix("s")

    def place(item: pytest.Item) -> tuple[bool, bool, str]:
        # Order the others randomly by file: otherwise the same tests would be omitted for all mutants.
        chance = hashlib.sha256(f"{name} {item.path}".encode()).hexdigest()
        return module not in item.path.stem, "unit" not in item.path.parts, chance

    items.sort(key=place)
    del items[MAXIMUM_TESTS:]
