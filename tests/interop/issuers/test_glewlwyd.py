"""glewlwyd, an OpenID provider in C: tokens with `at+jwt` and a scope as audience, and a configured URL of keys."""

from collections.abc import Iterator

import jwt
import pytest

from benchmarks.peers.glewlwyd import Glewlwyd, glewlwyd
from development.postgres import EmbeddedPostgres
from tests.interop.issuers.service import TrustingService, trusting
from tests.interop.programs import leave_out

SCOPE = "openid"


@pytest.fixture(scope="module")
def provider(postgres: EmbeddedPostgres) -> Iterator[Glewlwyd]:
    with glewlwyd(postgres) as provider:
        if provider is None:
            leave_out("glewlwyd", "it needs apt-get, after apt-get update, dpkg and openssl")
        yield provider


@pytest.fixture(scope="module")
def service(provider: Glewlwyd, database_url: str) -> Iterator[TrustingService]:
    entry = {
        "issuer": provider.process.url,
        "jwks_uri": f"{provider.process.url}/api/oidc/jwks",
        "audiences": [SCOPE],
        "roles": {SCOPE: ["items:read"]},
        "allow_private_addresses": True,
    }
    with trusting(database_url, entry) as service:
        yield service


def test_a_scope_of_a_person_grants_its_mapped_scopes(provider: Glewlwyd, service: TrustingService) -> None:
    for tokens in provider.tokens[:2]:
        assert service.statuses(tokens["access_token"]) == (200, 403)
    subjects = {
        jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"] for tokens in provider.tokens[:2]
    }
    assert {user["subject"] for user in service.users(provider.process.url)} == subjects


def test_an_id_token_is_refused_as_an_access_token(provider: Glewlwyd, service: TrustingService) -> None:
    assert service.code(provider.tokens[0]["id_token"]) == "invalid_access_token"
