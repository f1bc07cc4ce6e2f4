"""oidc-provider, an OpenID provider for Node: ES256 and RS256, people and programs, and rotated keys."""

from collections.abc import Iterator
from typing import Final

import jwt
import pytest

from tests.interop.issuers.node_provider import CALLBACK, ES256, Provider, node_provider
from tests.interop.issuers.service import TrustingService, trusting

RS256: Final = "https://rs256.example"
ROLES: Final = {"catalogue.read": ["items:read"], "catalogue.write": ["items:write"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with node_provider(CALLBACK) as running:
        yield running


@pytest.fixture(scope="module")
def service(provider: Provider, database_url: str) -> Iterator[TrustingService]:
    entry = {
        "issuer": provider.issuer,
        "audiences": [ES256, RS256],
        "roles": ROLES,
        "allow_private_addresses": True,
    }
    with trusting(database_url, entry) as service:
        yield service


@pytest.mark.parametrize(("resource", "algorithm"), [(ES256, "ES256"), (RS256, "RS256")])
def test_scopes_of_a_program_grant_their_mapped_scopes(
    provider: Provider, service: TrustingService, resource: str, algorithm: str
) -> None:
    full = provider.client_credentials(resource=resource, scope="catalogue.read catalogue.write")
    assert jwt.get_unverified_header(full)["alg"] == algorithm
    assert service.statuses(full) == (200, 201)
    narrow = provider.client_credentials(resource=resource, scope="catalogue.read")
    assert service.statuses(narrow) == (200, 403)


def test_a_token_for_another_service_is_refused(provider: Provider, service: TrustingService) -> None:
    other = provider.client_credentials(resource="https://other.example", scope="catalogue.read")
    assert service.code(other) == "invalid_access_token"


def test_the_access_token_of_a_person_may_read_and_write_but_the_id_token_is_refused(
    provider: Provider, service: TrustingService
) -> None:
    tokens = provider.code_flow("ada", scope="catalogue.read catalogue.write")
    assert service.statuses(tokens["access_token"]) == (200, 201)
    assert service.code(tokens["id_token"]) == "invalid_access_token"
    assert "ada" in {user["subject"] for user in service.users(provider.issuer)}


def test_rotated_keys_are_found_and_tokens_of_the_previous_keys_stay_valid(
    provider: Provider, service: TrustingService
) -> None:
    before = provider.client_credentials(resource=RS256, scope="catalogue.read")
    assert service.list_items(before).status_code == 200
    provider.rotate_keys()
    after = [provider.client_credentials(resource=each, scope="catalogue.read") for each in (ES256, RS256)]
    assert jwt.get_unverified_header(after[1])["kid"] != jwt.get_unverified_header(before)["kid"]
    assert [service.list_items(token).status_code for token in (*after, before)] == [200, 200, 200]
