"""A pytest plugin that assigns tests to workers of pytest-xdist, and orders them."""

from collections.abc import Iterable
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ORDER: Final = (
    "tests/pages/",
    "tests/e2e/",
    "tests/interop/test_typescript_clients.py",
    "tests/integration/postgres/test_faults_under_load.py",
    "tests/integration/auth/test_refresh_model.py",
    "tests/integration/auth/test_kills.py",
    "tests/integration/api/test_fuzz.py",
    "tests/integration/server/",
    "tests/integration/observability/",
)
"""Slow tests run first, so that no worker is still busy with them when the others have finished."""

LAST: Final = ("tests/browser/test_own_pages.py", "tests/browser/")
"""Chromium aborts its requests (``ERR_NETWORK_CHANGED``) when a container changes the machine's network interfaces.
Therefore these files run after those of the end-to-end ring, which begin first; the slowest comes before the others."""

END_TO_END: Final = "tests/e2e/"
SECOND_STACK: Final = frozenset(
    {
        "test_draining.py",
        "test_image.py",
        "test_load_balancer.py",
        "test_login_storm.py",
        "test_pgbouncer.py",
        "test_pgbouncer_configuration.py",
        "test_rabbitmq.py",
        "test_several_copies.py",
        "test_shutdown.py",
        "test_upgrade.py",
        "test_upgrade_from_version_0_1.py",
        "test_upgrade_under_load.py",
    }
)
"""Files of the end-to-end ring that a second worker runs, on a second stack: they wait for separate services."""

COMPOSE_PROJECT: Final = frozenset({"test_compose.py", "test_compose_trouble.py", "test_observability.py"})
"""Files of that ring that a third worker runs: they share a Docker Compose project, and use no stack."""

LAST_OF_THE_RING: Final = "tests/e2e/test_database_outage.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files, which is the order in which workers of `inv test` take them."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(node_id: str) -> tuple[int, bool]:
    """Return the sort key of a test's file; the file that stops the database of the shared stack is the ring's last."""
    last = next((place for place, start in enumerate(LAST, start=1) if node_id.startswith(start)), 0)
    place = next((place for place, start in enumerate(ORDER) if node_id.startswith(start)), len(ORDER) + last)
    return place, node_id.startswith(LAST_OF_THE_RING)


class FilesAndStacks(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """Assigns one file at a time to each worker, and each part of the end-to-end ring to one of three workers."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not file.startswith(END_TO_END):
            return file
        name = file.removeprefix(END_TO_END)
        if name in COMPOSE_PROJECT:
            return f"{END_TO_END}compose"
        return f"{END_TO_END}{'second' if name in SECOND_STACK else 'first'}"

    def remove_node(self, node: WorkerController) -> str | None:
        """Reassign the remaining tests of a worker that ended, except the test in which it ended.

        Returns that test, or None. The library would run it again, and a test that never ends would never stop.
        """
        units: Iterable[dict[str, bool]] = self.assigned_work[node].values()
        left = [(unit, nodeid) for unit in units for nodeid, is_complete in unit.items() if not is_complete]
        ended_in = None
        if left:
            unit, ended_in = left[0]
            unit[ended_in] = True
        super().remove_node(node)
        return ended_in


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Distribute tests as above, regardless of `--dist`."""
    return FilesAndStacks(config, log)
