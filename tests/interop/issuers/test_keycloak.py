"""A real Keycloak: people and programs with realm roles, rotated keys, and tokens that are not access tokens."""

import time
from collections.abc import Iterator

import jwt
import pytest
import requests

from development.keycloak.realm import AUDIENCE, OTHER_PAGE, SHORT, SHORT_SECONDS, Realm
from tests.interop.issuers.service import ROLES, TrustingService, trusting


@pytest.fixture(scope="module")
def service(realm: Realm, database_url: str) -> Iterator[TrustingService]:
    entry = {
        "issuer": realm.issuer,
        "preset": "keycloak",
        "audiences": [AUDIENCE],
        "roles": ROLES,
        "leeway_seconds": 0,
        "allow_private_addresses": True,
    }
    with trusting(database_url, entry) as service:
        yield service


def subject_of(token: str) -> str:
    subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return subject


def test_realm_roles_of_people_and_programs_grant_their_mapped_scopes(realm: Realm, service: TrustingService) -> None:
    ada, grace, job = realm.password("ada").access, realm.password("grace").access, realm.client_credentials().access
    assert [service.statuses(token) for token in (ada, grace, job)] == [(200, 201), (200, 403), (200, 403)]
    users = {user["subject"]: user for user in service.users(realm.issuer)}
    assert users.keys() >= {subject_of(token) for token in (ada, grace, job)}
    assert {(user["email"], user["password_hash"], user["username"][:4]) for user in users.values()} == {
        (None, None, "ext_")
    }


def test_a_person_without_a_mapped_role_is_refused_and_gets_no_local_user(
    realm: Realm, service: TrustingService
) -> None:
    token = realm.password("edsger").access
    assert service.code(token) == "insufficient_scope"
    assert subject_of(token) not in {user["subject"] for user in service.users(realm.issuer)}


def test_later_tokens_of_a_person_belong_to_the_same_user(realm: Realm, service: TrustingService) -> None:
    made = service.create(realm.password("ada").access)
    assert service.read(realm.password("ada").access, made.headers["location"]).status_code == 200
    assert service.read(realm.password("grace").access, made.headers["location"]).status_code == 404


def test_id_tokens_and_refresh_tokens_are_refused_as_access_tokens(realm: Realm, service: TrustingService) -> None:
    tokens = realm.password("ada")
    assert tokens.id is not None
    assert tokens.refresh is not None
    assert {service.list_items(token).status_code for token in (tokens.id, tokens.refresh)} == {401}


def test_a_token_with_only_keycloaks_own_audience_is_refused(realm: Realm, service: TrustingService) -> None:
    token = realm.password("ada", client=OTHER_PAGE).access
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "account"
    assert service.code(token) == "invalid_access_token"


def test_a_rotated_key_is_found_and_tokens_of_the_previous_key_stay_valid(
    realm: Realm, service: TrustingService
) -> None:
    before = realm.password("ada").access
    assert service.list_items(before).status_code == 200
    realm.rotate_key()
    after = realm.password("ada").access
    assert jwt.get_unverified_header(after)["kid"] != jwt.get_unverified_header(before)["kid"]
    assert [service.list_items(token).status_code for token in (after, before)] == [200, 200]


def test_a_user_disabled_in_keycloak_gets_no_token_and_the_last_one_expires(
    realm: Realm, service: TrustingService
) -> None:
    last = realm.password("grace", client=SHORT).access
    realm.disable("grace")
    with pytest.raises(requests.HTTPError):
        realm.password("grace")
    time.sleep(SHORT_SECONDS)
    assert service.code(last) == "invalid_access_token"


def test_a_user_deactivated_in_doorward_is_refused_at_once(realm: Realm, service: TrustingService) -> None:
    token = realm.password("ada").access
    assert service.list_items(token).status_code == 200
    service.deactivate(realm.issuer, subject_of(token))
    assert service.code(token) == "invalid_access_token"
