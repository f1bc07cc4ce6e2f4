"""The plan Config OP: oidcc-config-certification-test-plan."""

import httpx
from joserfc import jwk

from tests.integration.certification.relying_party import Suite
from tests.integration.oauth.provider import ISSUER

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


async def _json(suite: Suite, address: str) -> dict[str, object]:
    answer: httpx.Response = await suite.provider.service.client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] in {"application/json", "application/jwk-set+json"}
    body: dict[str, object] = answer.json()
    return body


async def test_oidcc_discovery_endpoint_verification(suite: Suite) -> None:
    found = await _json(suite, "/.well-known/openid-configuration")
    assert found["issuer"] == ISSUER
    for name in ENDPOINTS:
        assert str(found[name]).startswith(f"{ISSUER}/")
    lists = {name: set(value) for name, value in found.items() if isinstance(value, list)}
    assert "code" in lists["response_types_supported"]
    assert "authorization_code" in lists["grant_types_supported"]
    assert lists["subject_types_supported"] <= {"public", "pairwise"}
    assert "RS256" in lists["id_token_signing_alg_values_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= lists["token_endpoint_auth_methods_supported"]
    assert "openid" in lists["scopes_supported"]
    assert {"sub", "email"} <= lists["claims_supported"]
    assert {name: found[f"{name}_parameter_supported"] for name in ("claims", "request", "request_uri")} == {
        "claims": False,
        "request": False,
        "request_uri": False,
    }
    keys = await _json(suite, str(found["jwks_uri"]).removeprefix(ISSUER))
    entries = keys["keys"]
    assert isinstance(entries, list)
    assert len({key["kid"] for key in entries}) == len(entries)
    assert {key["kty"] for key in entries} >= {"RSA"}
    assert not any(PRIVATE & set(key) for key in entries)
    assert jwk.KeySet.import_key_set({"keys": entries}).keys
