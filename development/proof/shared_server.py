"""A pytest plugin for many short runs: the tests use one migrated PostgreSQL that somebody else has started.

In a run of mutmut with one fault in the code, the tests that are likeliest to find it come first, and not all follow.
"""

import hashlib
import os
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest

SERVER_URL: Final = "DOORWARD_PROOF_SERVER_URL"
TEMPLATE: Final = "doorward_template"
MUTANT: Final = "MUTANT_UNDER_TEST"
"""mutmut's variable: the fault's name in a run with one, and something else while it measures the tests."""

FAULTY: Final = "__mutmut_"
MOST_TESTS: Final = 400
"""For one fault. Where more reach it, it counts as not found if none of these finds it."""


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that are named like the fault's module, then with those of units; leave out some others."""
    name = os.environ.get(MUTANT, "")
    if FAULTY not in name:
        return
    module = name.partition(".x")[0].rpartition(".")[2].removesuffix("s")

    def place(item: pytest.Item) -> tuple[bool, bool, str]:
        # By chance among the others, file by file: else all faults would miss the same ones.
        chance = hashlib.sha256(f"{name} {item.path}".encode()).hexdigest()
        return module not in item.path.stem, "unit" not in item.path.parts, chance

    items.sort(key=place)
    del items[MOST_TESTS:]
