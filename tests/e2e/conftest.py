"""The e2e ring: the product from outside, as its image or, without a Docker engine, as a process."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from development.client import ApiClient
from tests.e2e.canaries import EVIDENCE, Evidence
from tests.e2e.compose_project import WITH_KEY_FILE, Project, a_project, write_key
from tests.e2e.image_stack import ImageStack
from tests.e2e.people import client_of
from tests.e2e.process_stack import ProcessStack
from tests.e2e.stack import QUICK_HASHES, Service, Stack
from tests.running_time import RunningTime

IMAGE_ONLY: Final = frozenset(
    {
        "test_compose.py",
        "test_compose_trouble.py",
        "test_image.py",
        "test_load_balancer.py",
        "test_observability.py",
        "test_pgbouncer.py",
        "test_pgbouncer_configuration.py",
        "test_rabbitmq.py",
        "test_upgrade_under_load.py",
    }
)

COMPOSE_SETTINGS: Final = (
    "DOORWARD_PORT=0",
    "DOORWARD_PROMETHEUS_PORT=0",
    "DOORWARD_GRAFANA_PORT=0",
    "HOUSEKEEPING_INTERVAL_MINUTES=0",
    "RATE_LIMIT_REGISTER=100/minute",
    "RATE_LIMIT_TOKEN=100/minute",
)


def _target(config: pytest.Config) -> str:
    return str(config.getoption("--e2e-target"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore the tests of the image for other targets."""
    return True if collection_path.name in IMAGE_ONLY and _target(config) != "image" else None


def _new_stack(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Stack:
    return ImageStack() if _target(request.config) == "image" else ProcessStack(folders.mktemp("stack"))


@pytest.fixture(scope="session", autouse=True)
def evidence(findings: list[str]) -> Iterator[Evidence]:
    """Collect the product's output in this process; search it for secrets after the last end-to-end test.

    This fixture is created before the stacks, so it ends after them. With several workers, each searches the output of
    its own tests.
    """
    yield EVIDENCE
    found = EVIDENCE.findings()
    findings.append(f"{EVIDENCE.summary()}: {len(found)} found")
    assert not found, f"secrets in what the end-to-end tests made the product write: {sorted(set(found))}"


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Yield the stack that all tests share. Only the last file stops its database."""
    with _new_stack(request, tmp_path_factory) as shared:
        yield shared


@pytest.fixture
def image_stack(stack: Stack) -> ImageStack:
    """Return the stack if the target is the image."""
    assert isinstance(stack, ImageStack)
    return stack


@pytest.fixture(scope="session")
def service(stack: Stack) -> Iterator[Service]:
    """Yield the service that most tests share, which must not be stopped."""
    with stack.service(**QUICK_HASHES) as shared:
        yield shared


@pytest.fixture(scope="session")
def client(service: Service) -> ApiClient:
    return client_of(service)


@pytest.fixture(scope="session")
def production_service(stack: Stack) -> Iterator[Service]:
    """Yield another shared service, with the settings of production."""
    with stack.service() as shared:
        yield shared


@pytest.fixture(scope="session")
def running_project() -> Iterator[Project]:
    """Yield a service run by Compose, with its key in a file; a test that stops a part of it starts it again."""
    # Do not use pytest's folder: its next run denies access to PostgreSQL's user.
    with tempfile.TemporaryDirectory(prefix="doorward-compose-") as folder, a_project(Path(folder)) as made:
        # Port 0 selects a free port; the interval 0 disables housekeeping.
        made.write(f"SECRET_KEY_FILE={write_key(made.folder)}", *COMPOSE_SETTINGS)
        started = made.compose(WITH_KEY_FILE, "up", "--detach", "--wait")
        assert started.returncode == 0, started.stderr
        yield made


@pytest.fixture(scope="session")
def running_time() -> Iterator[RunningTime]:
    with RunningTime() as clock:
        yield clock
