"""A service that accepts clients with metadata documents on one host."""

import itertools
from collections.abc import AsyncIterator

import pytest

from development.client import Person
from tests.integration.mail_server import Certificates
from tests.integration.oauth.browsers import Browser
from tests.integration.oauth.client_documents import NOTES, DocumentHost, document_host
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, MakeDatabase, run_service, settings_of_the_ring

_numbers = itertools.count()


@pytest.fixture(scope="package")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="package")
async def host(certificates: Certificates) -> AsyncIterator[DocumentHost]:
    async with document_host(certificates.server_context()) as running:
        yield running


@pytest.fixture(scope="package")
async def provider(
    certificates: Certificates, host: DocumentHost, make_database: MakeDatabase, secret_key: str
) -> AsyncIterator[Provider]:
    """Yield a service that accepts clients of this host, for one resource. Tests only add more documents."""
    changes = {
        "public_url": ISSUER,
        "client_metadata_hosts": host.authority,
        "self_registered_scopes": "openid,profile,offline_access,notes:read",
        "self_registered_resources": NOTES,
    }
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
    with pytest.MonkeyPatch.context() as patch:
        # The variable is read at the start, like an operator's own authority.
        patch.setenv("SSL_CERT_FILE", str(certificates.authority_file()))
        async with run_service(settings, FakeClock()) as service:
            made = Provider(service)
            await made.resource(NOTES, "notes:read", "notes:write")
            yield made


@pytest.fixture
def path() -> str:
    """Return a path that no other test uses, since documents are cached."""
    return f"/client-{next(_numbers)}.json"


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(provider)


@pytest.fixture
async def person(provider: Provider) -> Person:
    return await provider.service.register()
