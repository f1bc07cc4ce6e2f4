"""The metadata document: what it announces exists, and clients find it."""

from typing import Any

import httpx
import pytest

from tests.integration.oauth.assertions.signing import signer
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import MakeService

CONFIDENTIAL = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
METADATA = "/.well-known/oauth-authorization-server"
ALL_CALLS = (
    *("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/jwks", METADATA, "/oauth/userinfo"),
    *(
        "/.well-known/openid-configuration",
        "/oauth/authorize",
        "/oauth/logout",
        *("/oauth/par", "/oauth/device_authorization", "/account/device"),
        "/account/sign-in",
        "/account/consent",
    ),
)

DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "token_endpoint": f"{ISSUER}/oauth/token",
    "token_endpoint_auth_methods_supported": [*CONFIDENTIAL, "none"],
    "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
    "jwks_uri": f"{ISSUER}/oauth/jwks",
    "introspection_endpoint": f"{ISSUER}/oauth/introspect",
    "introspection_endpoint_auth_methods_supported": CONFIDENTIAL,
    "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
    "revocation_endpoint": f"{ISSUER}/oauth/revoke",
    "revocation_endpoint_auth_methods_supported": [*CONFIDENTIAL, "none"],
    "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
    "dpop_signing_alg_values_supported": ["ES256", "RS256"],
    "grant_types_supported": [
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "client_credentials",
        "refresh_token",
    ],
    "response_types_supported": ["code"],
    "scopes_supported": ["email", "items:read", "items:write", "offline_access", "openid", "profile"],
    "authorization_endpoint": f"{ISSUER}/oauth/authorize",
    "pushed_authorization_request_endpoint": f"{ISSUER}/oauth/par",
    "device_authorization_endpoint": f"{ISSUER}/oauth/device_authorization",
    "userinfo_endpoint": f"{ISSUER}/oauth/userinfo",
    "end_session_endpoint": f"{ISSUER}/oauth/logout",
    "response_modes_supported": ["query", "form_post"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    "code_challenge_methods_supported": ["S256"],
    "acr_values_supported": ["1", "2", "phr"],
    "prompt_values_supported": ["none", "login", "consent", "select_account"],
    "claims_supported": [
        *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
        *("preferred_username", "email", "email_verified"),
    ],
    "claims_parameter_supported": False,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
}

GRANTED = {"refresh_token": "x", "code": "x", "device_code": "x"}


@pytest.fixture
async def described(lasting_provider: Provider) -> dict[str, Any]:
    document: dict[str, Any] = (await lasting_provider.service.client.get(METADATA)).json()
    return document


async def test_the_document_contains_the_issuer_and_the_enabled_features(described: dict[str, Any]) -> None:
    assert described == DOCUMENT


async def test_every_endpoint_in_the_document_answers(lasting_provider: Provider, described: dict[str, Any]) -> None:
    addresses = [value for name, value in described.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 9
    for address in addresses:
        answer = await lasting_provider.service.client.post(str(address).removeprefix(ISSUER), data={})
        assert answer.status_code in {303, 400, 401, 405, 415}, address


async def test_every_grant_and_method_in_the_document_works(
    lasting_provider: Provider, described: dict[str, Any]
) -> None:
    with_keys = await signer(lasting_provider)
    token = (await with_keys.post()).json()["access_token"]
    assert (await with_keys.post(path="/oauth/introspect", grant_type=None, token=token)).json()["active"] is True
    for method in ("client_secret_basic", "client_secret_post"):
        machine = await lasting_provider.machine(auth_method=method)
        answer = await machine.post("/oauth/introspect", token=await machine.token())
        assert answer.json()["active"] is True
    unknown = await lasting_provider.post("/oauth/token", {"grant_type": "password"})
    assert "password" not in described["grant_types_supported"]
    assert unknown.json()["error"] == "unsupported_grant_type"
    for grant in described["grant_types_supported"]:
        answer = await lasting_provider.post("/oauth/token", {"grant_type": grant, **GRANTED})
        assert answer.json()["error"] == "invalid_client"


async def test_pages_of_every_origin_may_read_the_document(lasting_provider: Provider) -> None:
    for path in (METADATA, "/oauth/jwks"):
        answer = await lasting_provider.service.client.get(path, headers={"Origin": "https://page.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "public, max-age=300"


async def test_pages_of_allowed_origins_may_call_the_endpoints_and_other_pages_may_not(
    make_service: MakeService,
) -> None:
    page = "https://app.example.com"
    provider = Provider(await make_service(public_url=ISSUER, cors_allow_origins=page, cors_allow_credentials=True))

    async def preflight(path: str, origin: str) -> httpx.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return await provider.service.client.options(path, headers=headers)

    for path in ("/oauth/token", "/oauth/revoke"):
        allowed = await preflight(path, page)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, page)
        refused = await preflight(path, "https://other.example")
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
        # The endpoints ignore cookies, regardless of the settings for other calls.
        answer = await provider.service.client.post(path, headers={"Origin": page})
        assert answer.headers["access-control-allow-origin"] == page
        for each in (allowed, answer):
            assert "access-control-allow-credentials" not in each.headers
    assert (await preflight("/oauth/introspect", page)).status_code == 400
    answer = await provider.service.client.post("/oauth/introspect", headers={"Origin": page})
    assert "access-control-allow-origin" not in answer.headers


async def test_the_openid_connect_document_is_the_same(lasting_provider: Provider, described: dict[str, Any]) -> None:
    answer = await lasting_provider.service.client.get("/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()) == (200, described)


@pytest.mark.parametrize("public_url", [None, "http://auth.example.com"])
async def test_without_an_https_public_url_no_endpoint_exists(
    make_service: MakeService, public_url: str | None
) -> None:
    service = await make_service(public_url=public_url)
    for path in ALL_CALLS:
        for method in ("GET", "POST", "OPTIONS"):
            assert (await service.client.request(method, path)).status_code == 404, path


async def test_the_openapi_document_describes_the_endpoints(lasting_provider: Provider) -> None:
    document = (await lasting_provider.service.client.get("/openapi.json")).json()
    operations = [document["paths"][path]["post"] for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke")]
    names = [operation["operationId"] for operation in operations]
    assert names == ["issue_client_token", "introspect_token", "revoke_client_token"]
    for operation in operations:
        (form,) = operation["requestBody"]["content"]
        assert form == "application/x-www-form-urlencoded"
        examples = operation["responses"]["401"]["content"]["application/json"]["examples"]
        assert set(examples["invalid_client"]["value"]) == {"error", "error_description", "correlation_id"}
        assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
        assert "422" not in operation["responses"]
    flows = document["components"]["securitySchemes"]["client_credentials"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "/oauth/token"
