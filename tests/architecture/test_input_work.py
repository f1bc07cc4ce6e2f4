"""Every module that normalises, matches, parses or decodes input is listed, and measured with its worst input."""

import ast
from pathlib import Path
from typing import Final

from tests.architecture.sources import at, calls_of, source_modules, tree_of

MEASURED: Final = frozenset(
    {
        "api/admission.py",
        "api/bodies.py",
        "api/client_address.py",
        "api/compression.py",
        "api/middleware/cross_origin.py",
        "api/middleware/request_head.py",
        "api/openapi.py",
        "api/problems.py",
        "api/schemas/ceremonies.py",
        "core/pages.py",
        "observability/private_pairs.py",
        "observability/scrubbing.py",
        "domain/administration/exporting/writers.py",
        "domain/administration/importing/csv_rows.py",
        "domain/administration/importing/json_elements.py",
        "domain/administration/importing/own_files.py",
        "domain/administration/importing/rules.py",
        "infrastructure/bcrypt_formats.py",
        "infrastructure/foreign_hashes/argon2.py",
        "infrastructure/foreign_hashes/bounds.py",
        "infrastructure/foreign_hashes/firebase.py",
        "infrastructure/foreign_hashes/pbkdf2.py",
        "infrastructure/foreign_hashes/phpass.py",
        "infrastructure/foreign_hashes/scrypt.py",
        "domain/items/search.py",
        "domain/administration/policy.py",
        "domain/auth/scopes.py",
        "core/text.py",
        "domain/auth/tokens/authenticated_text.py",
        "domain/auth/users/identifiers.py",
        "domain/auth/passwords/patterns.py",
        "domain/auth/login/pending_login.py",
        "domain/auth/passwords/policy.py",
        "domain/auth/tokens/one_time_token.py",
        "domain/auth/tokens/refresh_token.py",
        "domain/auth/tokens/sealed_tokens.py",
        "domain/items/folding.py",
        "domain/items/indexing.py",
        "domain/items/reading/columns.py",
        "domain/items/reading/fields.py",
        "domain/items/reading/rows.py",
        "domain/items/reading/texts.py",
        "domain/items/policy.py",
        "domain/items/repositories/lists.py",
        "domain/oauth/client_authentication.py",
        "domain/oauth/policy.py",
        "domain/oauth/sign_in_notes.py",
        "domain/oauth/authorization_request.py",
        "domain/oauth/document_address.py",
        "domain/federation/login_requests.py",
        "domain/oauth/pkce.py",
        "domain/oauth/redirect_uris.py",
        "domain/passkeys/client_data.py",
        "domain/passkeys/policy.py",
        "domain/webhooks/policy.py",
        "infrastructure/client_assertions.py",
        "infrastructure/client_documents.py",
        "infrastructure/token_reading.py",
        "server/request_head.py",
        "web/own/passkeys.py",
        "web/provider/parameters.py",
        "web/provider/sign_in.py",
    }
)
"""Measured with their worst inputs by ``tests/unit/test_work_of_input.py``,
``tests/integration/api/test_work_of_calls.py`` or ``tests/unit/administration/test_work_of_user_files.py``."""

OF_THE_OPERATOR: Final = frozenset(
    {
        "infrastructure/template_cache.py",
        "infrastructure/signing_keys.py",
        "settings/brand.py",
        "web/texts.py",
        "settings/browsers.py",
        "settings/database_urls.py",
        "settings/imported_hashes.py",
        "settings/insecure.py",
        "settings/entries.py",
        "settings/published_secrets.py",
        "settings/secret_strength.py",
        "settings/self_registration.py",
        "settings/web_addresses.py",
        "wiring/second_factors.py",
        "infrastructure/postgres/session_settings.py",
        "observability/worker_metrics.py",
        "settings/mail.py",
        "domain/outbox/mail.py",
        "domain/oauth/backchannel_logout.py",
        "infrastructure/mail/envelope.py",
        "infrastructure/mail/smtp.py",
        "infrastructure/breached_passwords.py",
        "infrastructure/outbound_http.py",
        "api/development_mails.py",
        "settings/outgoing.py",
        "domain/webhooks/disabling.py",
        "domain/webhooks/management.py",
        "infrastructure/outbound.py",
        "infrastructure/outbound_addresses.py",
        "infrastructure/webhooks/client.py",
    }
)
"""Read data that no client controls: settings, the operator's key files, texts, files of the service's workers, its own
mails and messages, or responses of servers that the operator configured. Addresses were measured when entered."""

WORK: Final = frozenset(
    {"b64decode", "compile", "ip_address", "loads", "model_validate_json", "normalize", "parse_qsl", "sub", "urlsplit"}
) | {"decode_complete", "reader", "urlsafe_b64decode", "validate_email"}
"""Library functions whose running time depends on their input."""


def _modules_with_work() -> dict[str, str]:
    """Return the modules that call one of these functions, each with the position of a call."""
    return {
        str(path.relative_to("src/doorward")): at(path, call)
        for path in source_modules()
        for call in calls_of(path)
        if (isinstance(call.func, ast.Attribute) and call.func.attr in WORK)
        or (isinstance(call.func, ast.Name) and call.func.id in WORK)
    }


def test_every_module_that_parses_or_normalises_is_measured_or_exempt() -> None:
    found = _modules_with_work()
    unknown = {found[module] for module in found.keys() - MEASURED - OF_THE_OPERATOR}
    assert not unknown, "feed it the worst input in tests/unit/test_work_of_input.py, then name the module here"
    assert found.keys() >= MEASURED | OF_THE_OPERATOR, "the lists name a module that does no such work any more"


def test_text_is_normalised_only_by_the_function_that_limits_its_length() -> None:
    """The other allowed modules limit the length before, measure the text, or read an operator's text."""
    bounded = {
        "core/text.py",
        "domain/auth/users/identifiers.py",
        "domain/auth/passwords/policy.py",
        "settings/published_secrets.py",
    }
    allowed = {Path("src/doorward") / each for each in bounded}
    strays = [
        at(path, node)
        for path in source_modules()
        if path not in allowed
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr == "normalize" and isinstance(node.value, ast.Name)
        if node.value.id == "unicodedata"
    ]
    assert not strays, "call normalize of doorward.core.text, which bounds length and marks"
