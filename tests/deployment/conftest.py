"""The chart, rendered by Helm's own code (dependency group `deployment`), and doorward behind proxies."""

import contextlib
import importlib.util
import os
import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509

from development.ports import free_port
from development.proof.service import own_database, proof_settings, running_service
from tests.deployment.chart import Chart
from tests.deployment.front import HOST, LIMIT, Start, is_ready
from tests.deployment.proxies import PROXY, Place, Prepare, running
from tests.integration.mail_server import Certificates


@pytest.fixture(scope="session")
def chart() -> Chart:
    """Return the chart; skip if Helm is not installed, which the gate does not accept."""
    if "CI" not in os.environ and importlib.util.find_spec("helm_python") is None:
        pytest.skip("The chart was NOT exercised: Helm is not installed. With it: uv sync --group deployment")
    return Chart()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def context(certificates: Certificates) -> ssl.SSLContext:
    return certificates.client_context()


@pytest.fixture(scope="session")
def limited() -> Iterator[str]:
    """Run doorward with the settings that the files name; yield its host and port."""
    with own_database() as database_url:
        settings = proof_settings(
            database_url,
            PUBLIC_URL=f"https://{HOST}",
            TRUSTED_PROXIES=PROXY,
            RATE_LIMIT_ENABLED="true",
            RATE_LIMIT_REFRESH=f"{LIMIT}/day",
            BACKGROUND="off",
        )
        with running_service(settings) as url:
            yield url.removeprefix("http://")


@pytest.fixture(scope="session")
def start(certificates: Certificates, context: ssl.SSLContext, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Return a function that starts a proxy in front of an address, and yields its port."""
    file = certificates.server_file(HOST, x509.DNSName(HOST))

    @contextlib.contextmanager
    def started(prepare: Prepare, service: str) -> Iterator[int]:
        place = Place(tmp_path_factory.mktemp("proxy"), free_port(), service, file)
        command = prepare(place)
        with running(command, place.folder, lambda: is_ready(place.port, context)):
            yield place.port

    return started
