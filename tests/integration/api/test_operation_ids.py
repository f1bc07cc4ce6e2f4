"""Operation ids are the function names of generated clients, so they are short and never change."""

import re
from typing import Any, Final

import pytest

from tests.integration.service import Service

OPERATIONS: Final = {
    "register": "POST /api/v1/auth/register",
    "login": "POST /api/v1/auth/token",
    "read_me": "GET /api/v1/auth/me",
    "refresh": "POST /api/v1/auth/refresh",
    "revoke": "POST /api/v1/auth/revoke",
    "confirm_registration": "POST /api/v1/auth/register/confirm",
    "resend_registration": "POST /api/v1/auth/register/resend",
    "accept_invitation": "POST /api/v1/auth/invitations/accept",
    "forgot_password": "POST /api/v1/auth/password/forgot",
    "reset_password": "POST /api/v1/auth/password/reset",
    "verify_email": "POST /api/v1/auth/email/verify",
    "send_verification_mail": "POST /api/v1/account/email/verification",
    "get_account": "GET /api/v1/account",
    "update_account": "PATCH /api/v1/account",
    "change_password": "POST /api/v1/account/password",
    "reauthenticate": "POST /api/v1/account/reauthenticate",
    "list_applications": "GET /api/v1/account/applications",
    "revoke_application": "DELETE /api/v1/account/applications/{client_id}",
    "list_identities": "GET /api/v1/account/identities",
    "unlink_identity": "DELETE /api/v1/account/identities/{identity_id}",
    "list_sessions": "GET /api/v1/account/sessions",
    "end_sessions": "POST /api/v1/account/sessions/end",
    "end_session": "DELETE /api/v1/account/sessions/{session_id}",
    "passkey_login_options": "POST /api/v1/auth/passkeys/options",
    "passkey_login": "POST /api/v1/auth/passkeys/token",
    "complete_login_by_passkey": "POST /api/v1/auth/second-factor/passkey",
    "passkey_proof_options": "POST /api/v1/account/reauthenticate/options",
    "list_passkeys": "GET /api/v1/account/passkeys",
    "passkey_registration_options": "POST /api/v1/account/passkeys/options",
    "register_passkey": "POST /api/v1/account/passkeys",
    "update_passkey": "PATCH /api/v1/account/passkeys/{passkey_id}",
    "delete_passkey": "DELETE /api/v1/account/passkeys/{passkey_id}",
    "delete_account": "POST /api/v1/account/deletion",
    "cancel_deletion": "POST /api/v1/auth/deletion/cancel",
    "export_account": "POST /api/v1/account/export",
    "request_email_change": "POST /api/v1/account/email",
    "cancel_email_change": "DELETE /api/v1/account/email",
    "confirm_email_change": "POST /api/v1/account/email/confirm",
    "list_users": "GET /api/v1/admin/users",
    "create_user": "POST /api/v1/admin/users",
    "get_user": "GET /api/v1/admin/users/{user_id}",
    "update_user": "PATCH /api/v1/admin/users/{user_id}",
    "delete_user": "DELETE /api/v1/admin/users/{user_id}",
    "deactivate_user": "POST /api/v1/admin/users/{user_id}/deactivate",
    "activate_user": "POST /api/v1/admin/users/{user_id}/activate",
    "reset_password_of_user": "POST /api/v1/admin/users/{user_id}/password-reset",
    "use_totp_code": "POST /api/v1/auth/second-factor/totp",
    "use_recovery_code": "POST /api/v1/auth/second-factor/recovery-code",
    "list_second_factors": "GET /api/v1/account/second-factors",
    "begin_totp": "POST /api/v1/account/second-factors/totp",
    "confirm_totp": "POST /api/v1/account/second-factors/totp/confirm",
    "delete_totp": "DELETE /api/v1/account/second-factors/totp",
    "make_recovery_codes": "POST /api/v1/account/second-factors/recovery-codes",
    "reset_factors_of_user": "POST /api/v1/admin/users/{user_id}/factors/reset",
    "unthrottle_user": "POST /api/v1/admin/users/{user_id}/unthrottle",
    "end_sessions_of_user": "POST /api/v1/admin/users/{user_id}/sessions/end",
    "list_sessions_of_user": "GET /api/v1/admin/users/{user_id}/sessions",
    "import_users": "POST /api/v1/admin/users/import",
    "export_users": "POST /api/v1/admin/users/export",
    "list_roles": "GET /api/v1/admin/roles",
    "create_role": "POST /api/v1/admin/roles",
    "get_role": "GET /api/v1/admin/roles/{name}",
    "update_role": "PATCH /api/v1/admin/roles/{name}",
    "delete_role": "DELETE /api/v1/admin/roles/{name}",
    "list_invitations": "GET /api/v1/admin/invitations",
    "create_invitation": "POST /api/v1/admin/invitations",
    "revoke_invitation": "DELETE /api/v1/admin/invitations/{invitation_id}",
    "search_audit_log": "GET /api/v1/admin/audit",
    "list_audit_of_user": "GET /api/v1/admin/users/{user_id}/audit",
    "list_webhooks": "GET /api/v1/admin/webhooks",
    "create_webhook": "POST /api/v1/admin/webhooks",
    "get_webhook": "GET /api/v1/admin/webhooks/{webhook_id}",
    "update_webhook": "PATCH /api/v1/admin/webhooks/{webhook_id}",
    "delete_webhook": "DELETE /api/v1/admin/webhooks/{webhook_id}",
    "rotate_webhook_secret": "POST /api/v1/admin/webhooks/{webhook_id}/rotate-secret",
    "test_webhook": "POST /api/v1/admin/webhooks/{webhook_id}/test",
    "replay_webhook": "POST /api/v1/admin/webhooks/{webhook_id}/replay",
    "list_dead_letters": "GET /api/v1/admin/outbox",
    "retry_dead_letters": "POST /api/v1/admin/outbox/retry",
    "retry_dead_letter": "POST /api/v1/admin/outbox/{message_id}/retry",
    "list_clients": "GET /api/v1/admin/clients",
    "create_client": "POST /api/v1/admin/clients",
    "get_client": "GET /api/v1/admin/clients/{client_id}",
    "update_client": "PATCH /api/v1/admin/clients/{client_id}",
    "delete_client": "DELETE /api/v1/admin/clients/{client_id}",
    "rotate_client_secret": "POST /api/v1/admin/clients/{client_id}/rotate-secret",
    "disable_client": "POST /api/v1/admin/clients/{client_id}/disable",
    "enable_client": "POST /api/v1/admin/clients/{client_id}/enable",
    "list_resources": "GET /api/v1/admin/resources",
    "create_resource": "POST /api/v1/admin/resources",
    "delete_resource": "DELETE /api/v1/admin/resources/{resource_id}",
    "list_keys": "GET /api/v1/admin/keys",
    "rotate_keys": "POST /api/v1/admin/keys/rotate",
    "revoke_key": "POST /api/v1/admin/keys/{kid}/revoke",
    "create_item": "POST /api/v1/items",
    "list_items": "GET /api/v1/items",
    "search_items": "GET /api/v1/items/search",
    "import_items": "POST /api/v1/items/import",
    "read_item": "GET /api/v1/items/{item_id}",
    "replace_item": "PUT /api/v1/items/{item_id}",
    "amend_item": "PATCH /api/v1/items/{item_id}",
    "delete_item": "DELETE /api/v1/items/{item_id}",
    "liveness": "GET /health/liveness",
    "readiness": "GET /health/readiness",
    "startup": "GET /health/startup",
}
MOST_WORDS: Final = 4


@pytest.fixture
async def operations(lasting_service: Service) -> list[tuple[str, str]]:
    """Return each operation id of the document with its call."""
    paths: dict[str, dict[str, Any]] = (await lasting_service.client.get("/openapi.json")).json()["paths"]
    return [
        (operation["operationId"], f"{method.upper()} {path}")
        for path, calls in paths.items()
        for method, operation in calls.items()
    ]


async def test_every_call_keeps_its_operation_id(operations: list[tuple[str, str]]) -> None:
    assert dict(operations) == OPERATIONS


async def test_an_operation_id_is_unique_and_a_few_plain_words(operations: list[tuple[str, str]]) -> None:
    names = [name for name, _ in operations]
    assert len(names) == len(set(names))
    assert not [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name) or name.count("_") >= MOST_WORDS]
