"""/docs, /redoc and /openapi.json, which load nothing from other hosts."""

import re

import pytest

from development.client import TOKEN
from tests.integration.service import Service

ADDRESS = re.compile(r"""(?:src|href|url\()\s*=?\s*["']([^"']+)["']|["']((?:https?:)?//[^"']+)["']""")
CALLS = {
    "/api/v1/auth/register": {"post"},
    "/api/v1/auth/register/confirm": {"post"},
    "/api/v1/auth/register/resend": {"post"},
    "/api/v1/auth/invitations/accept": {"post"},
    "/api/v1/auth/token": {"post"},
    "/api/v1/auth/me": {"get"},
    "/api/v1/auth/refresh": {"post"},
    "/api/v1/auth/revoke": {"post"},
    "/api/v1/auth/email/verify": {"post"},
    "/api/v1/auth/passkeys/options": {"post"},
    "/api/v1/auth/passkeys/token": {"post"},
    "/api/v1/auth/password/forgot": {"post"},
    "/api/v1/auth/password/reset": {"post"},
    "/api/v1/auth/deletion/cancel": {"post"},
    "/api/v1/account": {"get", "patch"},
    "/api/v1/account/email": {"post", "delete"},
    "/api/v1/account/email/confirm": {"post"},
    "/api/v1/account/email/verification": {"post"},
    "/api/v1/account/deletion": {"post"},
    "/api/v1/account/export": {"post"},
    "/api/v1/account/password": {"post"},
    "/api/v1/account/reauthenticate": {"post"},
    "/api/v1/account/passkeys": {"get", "post"},
    "/api/v1/account/passkeys/options": {"post"},
    "/api/v1/account/reauthenticate/options": {"post"},
    "/api/v1/account/passkeys/{passkey_id}": {"patch", "delete"},
    "/api/v1/account/second-factors": {"get"},
    "/api/v1/account/second-factors/recovery-codes": {"post"},
    "/api/v1/account/second-factors/totp": {"post", "delete"},
    "/api/v1/account/second-factors/totp/confirm": {"post"},
    "/api/v1/auth/second-factor/passkey": {"post"},
    "/api/v1/auth/second-factor/totp": {"post"},
    "/api/v1/auth/second-factor/recovery-code": {"post"},
    "/api/v1/account/applications": {"get"},
    "/api/v1/account/applications/{client_id}": {"delete"},
    "/api/v1/account/identities": {"get"},
    "/api/v1/account/identities/{identity_id}": {"delete"},
    "/api/v1/account/sessions": {"get"},
    "/api/v1/account/sessions/end": {"post"},
    "/api/v1/account/sessions/{session_id}": {"delete"},
    "/api/v1/admin/users": {"get", "post"},
    "/api/v1/admin/users/{user_id}": {"get", "patch", "delete"},
    "/api/v1/admin/users/{user_id}/activate": {"post"},
    "/api/v1/admin/users/{user_id}/audit": {"get"},
    "/api/v1/admin/users/{user_id}/deactivate": {"post"},
    "/api/v1/admin/users/{user_id}/factors/reset": {"post"},
    "/api/v1/admin/users/{user_id}/password-reset": {"post"},
    "/api/v1/admin/users/{user_id}/sessions": {"get"},
    "/api/v1/admin/users/{user_id}/sessions/end": {"post"},
    "/api/v1/admin/users/{user_id}/unthrottle": {"post"},
    "/api/v1/admin/roles": {"get", "post"},
    "/api/v1/admin/roles/{name}": {"get", "patch", "delete"},
    "/api/v1/admin/invitations": {"get", "post"},
    "/api/v1/admin/invitations/{invitation_id}": {"delete"},
    "/api/v1/admin/audit": {"get"},
    "/api/v1/admin/users/import": {"post"},
    "/api/v1/admin/users/export": {"post"},
    "/api/v1/items": {"get", "post"},
    "/api/v1/items/search": {"get"},
    "/api/v1/items/import": {"post"},
    "/api/v1/items/{item_id}": {"get", "put", "patch", "delete"},
    "/api/v1/admin/webhooks": {"get", "post"},
    "/api/v1/admin/webhooks/{webhook_id}": {"get", "patch", "delete"},
    "/api/v1/admin/webhooks/{webhook_id}/rotate-secret": {"post"},
    "/api/v1/admin/webhooks/{webhook_id}/test": {"post"},
    "/api/v1/admin/webhooks/{webhook_id}/replay": {"post"},
    "/api/v1/admin/clients": {"get", "post"},
    "/api/v1/admin/clients/{client_id}": {"get", "patch", "delete"},
    "/api/v1/admin/clients/{client_id}/rotate-secret": {"post"},
    "/api/v1/admin/clients/{client_id}/disable": {"post"},
    "/api/v1/admin/clients/{client_id}/enable": {"post"},
    "/api/v1/admin/resources": {"get", "post"},
    "/api/v1/admin/resources/{resource_id}": {"delete"},
    "/api/v1/admin/keys": {"get"},
    "/api/v1/admin/keys/rotate": {"post"},
    "/api/v1/admin/keys/{kid}/revoke": {"post"},
    "/api/v1/admin/outbox": {"get"},
    "/api/v1/admin/outbox/retry": {"post"},
    "/api/v1/admin/outbox/{message_id}/retry": {"post"},
    "/health/liveness": {"get"},
    "/health/readiness": {"get"},
    "/health/startup": {"get"},
}


@pytest.fixture
def service(lasting_service: Service) -> Service:
    return lasting_service


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_a_page_loads_nothing_from_other_hosts(service: Service, path: str) -> None:
    page = await service.client.get(path)
    assert page.status_code == 200
    addresses = [one or other for one, other in ADDRESS.findall(page.text) if not (one or other).startswith("data:")]
    assert addresses
    for address in addresses:
        assert re.match(r"/[^/]", address), address
        assert (await service.client.get(address)).status_code == 200
    assert "//" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js"])
async def test_the_assets_of_the_documentation_are_served(service: Service, name: str) -> None:
    answer = await service.client.get(f"/docs/assets/{name}")
    assert answer.status_code == 200
    assert len(answer.content) > 10_000


async def test_the_openapi_document_contains_every_call_and_no_host(service: Service) -> None:
    answer = await service.client.get("/openapi.json")
    document = answer.json()
    assert answer.status_code == 200
    assert {path: set(calls) for path, calls in document["paths"].items()} == CALLS
    assert "servers" not in document
    # Only example hosts (RFC 2606) occur. The part after otpauth:// is not a host.
    hosts = set(re.findall(r"(?<!otpauth)://([^/\"]*)", answer.text))
    assert {host for host in hosts if not host.endswith(".example.com")} == set()


async def test_the_authorize_button_logs_in_at_the_documented_token_url(service: Service) -> None:
    document = (await service.client.get("/openapi.json")).json()
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    assert flow["tokenUrl"] == TOKEN
    assert document["paths"]["/api/v1/auth/me"]["get"]["security"] == [{"password": ["account"]}]
    # The request that Swagger UI sends.
    person = await service.register()
    form = {"grant_type": "password", "username": person.username, "password": person.password, "scope": ""}
    headers = {"X-Requested-With": "XMLHttpRequest", "Authorization": "Basic Og=="}
    assert (await service.client.post(flow["tokenUrl"], data=form, headers=headers)).status_code == 200
