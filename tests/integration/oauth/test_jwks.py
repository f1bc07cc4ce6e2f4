"""The key set over HTTP, for other services and caches."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from development.client import ME
from tests.integration.service import MakeService, Service, is_problem

PUBLIC_URL = "https://auth.example.com"


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    return await make_service(public_url=PUBLIC_URL, algorithm="ES256")


async def test_the_key_set_contains_public_members_only(service: Service) -> None:
    answer = await service.client.get("/oauth/jwks")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    keys = answer.json()["keys"]
    common = {"kty", "kid", "use", "alg"}
    members = {"ES256": common | {"crv", "x", "y"}, "RS256": common | {"n", "e"}}
    assert {key["alg"] for key in keys} == set(members)
    for key in keys:
        assert set(key) == members[key["alg"]]
        assert key["use"] == "sig"


async def test_a_standby_key_of_each_algorithm_is_published_beside_the_signing_key(service: Service) -> None:
    algorithms = [key["alg"] for key in (await service.client.get("/oauth/jwks")).json()["keys"]]
    assert algorithms.count("ES256") >= 2
    assert algorithms.count("RS256") >= 2


async def test_any_cache_may_store_the_key_set_for_five_minutes(service: Service) -> None:
    answer = await service.client.get("/oauth/jwks")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in answer.headers


async def test_an_unchanged_key_set_is_answered_304(service: Service) -> None:
    etag = (await service.client.get("/oauth/jwks")).headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await service.client.get("/oauth/jwks", headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert answer.headers["cache-control"] == "public, max-age=300"
    answer = await service.client.get("/oauth/jwks", headers={"If-None-Match": '"other"'})
    assert answer.status_code == 200


async def test_pages_of_every_origin_may_read_the_key_set(service: Service) -> None:
    answer = await service.client.get("/oauth/jwks", headers={"Origin": "https://app.example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    preflight = {
        "Origin": "https://app.example.org",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match",
    }
    allowed = await service.client.options("/oauth/jwks", headers=preflight)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "*")
    other = await service.client.options(ME, headers=preflight)
    assert is_problem(other, 400, "cross_origin_refused")


async def test_an_error_response_of_the_endpoint_is_not_cached(service: Service) -> None:
    answer = await service.client.post("/oauth/jwks")
    assert is_problem(answer, 405, "method_not_allowed")
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize("address", [None, "http://auth.internal"])
async def test_without_the_provider_there_is_no_key_set(make_service: MakeService, address: str | None) -> None:
    service = await make_service(public_url=address)
    assert is_problem(await service.client.get("/oauth/jwks"), 404, "not_found")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_a_second_implementation_verifies_tokens_of_users(make_service: MakeService, algorithm: str) -> None:
    service = await make_service(public_url=PUBLIC_URL, algorithm=algorithm)
    _, pair = await service.register_and_log_in()
    published = KeySet.import_key_set((await service.client.get("/oauth/jwks")).json())
    token = jwt.decode(pair.access, published, algorithms=[algorithm])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["iss"], token.claims["aud"]) == (PUBLIC_URL, "doorward")
    assert (await service.get_me(pair.access)).status_code == 200
