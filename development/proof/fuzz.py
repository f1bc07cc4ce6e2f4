"""Schemathesis over the whole OpenAPI document: `python -m development.proof.fuzz --examples 1000`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks.processes import CALL_SECONDS
from benchmarks.service import running_service
from development.postgres import EmbeddedPostgres
from development.proof.fuzz_preparation import (
    ADMIN,
    ADMINISTERED_KEYS,
    PASSWORD,
    USERNAME,
    Account,
    Machine,
    Prepared,
    prepare,
    sign_in,
)
from doorward.api.uploads import NDJSON
from doorward.infrastructure.migrations import migrate

NEW_NAMES: Final = [f"fuzz-{number:04}" for number in range(500)]
LIMIT_SECONDS: Final = 3600
ENDING_THE_CALLER: Final = (
    "PATCH /api/v1/account",
    "POST /api/v1/account/password",
    "POST /api/v1/account/reauthenticate",
    "POST /api/v1/account/sessions/end",
    "DELETE /api/v1/account/sessions/{session_id}",
    "POST /api/v1/account/deletion",
)
"""Calls after which the name, the password or the token of their caller is another: each has a caller of its own."""

STRICTER_THAN_THEIR_SCHEMA: Final = {
    "PATCH /api/v1/account": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email/confirm": "a token or a code is one that was mailed",
    "POST /api/v1/account/password": "as POST /api/v1/auth/register",
    "POST /api/v1/auth/email/verify": "tokens and codes are those of mails, and count for their own account",
    "POST /api/v1/auth/password/forgot": "addresses are those that mail reaches",
    "POST /api/v1/auth/password/reset": "tokens and codes are those of mails, and passwords as at registration",
    "POST /api/v1/auth/second-factor/totp": "only what a login was answered with is right",
    "POST /api/v1/auth/second-factor/recovery-code": "only what a login was answered with is right",
    "POST /api/v1/account/second-factors/totp/confirm": "only what an enrolment was answered with is right",
    "POST /api/v1/auth/deletion/cancel": "only what a login was answered with is right",
    "POST /api/v1/auth/passkeys/options": "the token is one that a login was answered with",
    "POST /api/v1/account/reauthenticate": "the two ids of a credential are one",
    "POST /api/v1/auth/second-factor/passkey": "only what an authenticator signed is right",
    "POST /api/v1/auth/passkeys/token": "only what an authenticator signed is right",
    "POST /api/v1/account/passkeys": "only what an authenticator made is right",
    "PATCH /api/v1/account/passkeys/{passkey_id}": "the passkey is one of the account",
    "POST /api/v1/auth/register": "names are ASCII after NFKC, and common passwords are refused",
    "POST /api/v1/auth/register/confirm": "only what a mail brought is right",
    "POST /api/v1/auth/register/resend": "only what a registration was answered with is right",
    "POST /api/v1/auth/invitations/accept": "only what a mail brought is right",
    "POST /api/v1/auth/token": "refresh tokens and scopes are those of sessions",
    "GET /api/v1/admin/users": "a part of a name has three letters, and a cursor is one of an answer",
    "POST /api/v1/admin/users": "as POST /api/v1/auth/register, and roles exist",
    "PATCH /api/v1/admin/users/{user_id}": "as POST /api/v1/admin/users",
    "GET /api/v1/admin/users/{user_id}/audit": "a cursor is one of an answer",
    "POST /api/v1/admin/roles": "names have an alphabet of their own",
    "PATCH /api/v1/admin/roles/{name}": "a description is one line",
    "GET /api/v1/admin/invitations": "a cursor is one of an answer",
    "POST /api/v1/admin/invitations": "addresses are those that mail reaches, and roles exist",
    "GET /api/v1/admin/audit": "a cursor is one of an answer",
    "POST /api/v1/admin/users/import": "a file is in the format that is named",
    "POST /api/v1/admin/webhooks": "types are those of events",
    "PATCH /api/v1/admin/webhooks/{webhook_id}": "types are those of events",
    "POST /api/v1/admin/webhooks/{webhook_id}/replay": "a range begins before it ends",
    "DELETE /api/v1/account/applications/{client_id}": "only what was agreed to is there",
    "POST /api/v1/admin/clients": "resources exist, and names and scopes have alphabets of their own",
    "PATCH /api/v1/admin/clients/{client_id}": "as POST /api/v1/admin/clients",
    "POST /api/v1/admin/resources": "identifiers are URIs, and scopes have an alphabet of their own",
    "GET /api/v1/items": "page and after exclude each other",
    "POST /api/v1/items": "titles and tags have no control characters",
    "GET /api/v1/items/search": "a query has words",
    "POST /api/v1/items/import": "the body is CSV",
    "PUT /api/v1/items/{item_id}": "as POST /api/v1/items",
    "PATCH /api/v1/items/{item_id}": "as POST /api/v1/items",
}
"""Calls that may answer 422, or 400 in the form of OAuth, to what fits their schema, and why; all others may not."""

TELLING_FAULTS_IN_A_SUCCESS: Final = {
    "POST /api/v1/admin/users/import": "bad lines are left out, and the answer has them"
}
"""Calls that may take what does not fit their schema, and why; all others may not."""

THROTTLED: Final = {"POST /api/v1/auth/token"}
"""Wrong passwords of one name are drawn more often than one account may be guessed."""

NEVER_LET_IN: Final = {
    *("POST /api/v1/auth/passkeys/token", "POST /api/v1/auth/second-factor/passkey"),
    *("GET /oauth/userinfo", "POST /oauth/userinfo", "POST /oauth/par", "POST /oauth/device_authorization"),
    *("POST /oauth/register", "GET /oauth/register/{client_id}"),
    *("PUT /oauth/register/{client_id}", "DELETE /oauth/register/{client_id}"),
}
"""Calls for which nothing that can be drawn is right: all that they answer here is a refusal."""

DRAWN: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /api/v1/auth/password/forgot": {"email": "registered-address"},
    "POST /api/v1/auth/password/reset": {"token": "reset-tokens", "new_password": "new-password"},
    "POST /api/v1/auth/email/verify": {"token": "verification-tokens", "password": "password"},
    "POST /api/v1/auth/register": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "POST /api/v1/auth/token": {
        "username": "registered-name",
        "password": "password",
        "refresh_token": "refresh-tokens",
    },
    "POST /api/v1/auth/refresh": {"refresh_token": "refresh-tokens"},
    "POST /api/v1/auth/revoke": {"refresh_token": "refresh-tokens", "token": "refresh-tokens"},
    "PATCH /api/v1/account": {"username": "new-names"},
    "POST /api/v1/account/password": {"current_password": "password", "new_password": "new-password"},
    "POST /api/v1/account/reauthenticate": {"password": "password"},
    "POST /api/v1/admin/users": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "PATCH /api/v1/admin/users/{user_id}": {"username": "new-names"},
    "POST /api/v1/admin/roles": {"name": "new-names"},
    "POST /api/v1/admin/invitations": {"email": "new-addresses"},
    "POST /api/v1/admin/resources": {"identifier": "new-resources"},
    "POST /oauth/token": {"client_id": "machine", "refresh_token": "refresh-tokens", "scope": "machine-scope"},
    "POST /oauth/introspect": {"client_id": "machine", "token": "machine-tokens"},
    "POST /oauth/revoke": {"client_id": "machine", "token": "machine-tokens"},
    "POST /oauth/par": {"client_id": "machine", "scope": "machine-scope"},
    "POST /oauth/device_authorization": {"client_id": "machine", "scope": "machine-scope"},
}
"""Members of bodies that come from a dictionary, by call."""

OF_CLIENTS: Final = (
    "POST /oauth/device_authorization",
    "POST /oauth/token",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "POST /oauth/par",
)
"""Calls that a client makes with its secret, and that refuse all that they refuse with 400."""

DRAWN_PATHS: Final[Mapping[str, str]] = {
    "user_id": "users",
    "webhook_id": "webhooks",
    "client_id": "clients",
    "resource_id": "resources",
    "kid": "standby-keys",
}
"""Parameters of paths that come from a dictionary."""

REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429")
"""How data may be refused that does not fit its schema: 413 where the whole is too large to be looked at."""

TAKEN: Final = ("2xx", "3xx", "401", "403", "404", "409", "412")
"""Statuses that say that the shape of a request was right."""


def fuzz(database_url: str, examples: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Call a service of its own in all phases: examples, coverage, fuzzing, and the links of answers to further calls.

    All checks are on: no 5xx, no undocumented status, header or shape, no ignored authentication, invalid data
    refused, valid data taken. Some requests draw from what is there, so that every call is let in sometimes. Calls of
    administration are made by an administrator. The database is migrated, without users.
    The exit status is 0 when nothing was found.
    """
    settings = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4", "RATE_LIMIT_ENABLED": "false"}
    # Mails and webhooks are stored, and not sent: generated addresses may be real ones.
    settings |= {"PUBLIC_URL": "http://localhost:8000", "WEBHOOKS_ENABLED": "true", "BACKGROUND": "off"}
    settings["CLIENT_REGISTRATION_ENABLED"] = "true"
    with running_service(database_url, settings=settings) as service:
        prepared = prepare(service.url, database_url, service.secret_key)
        return _run_schemathesis(service.url, examples, folder, prepared)


def _run_schemathesis(
    base_url: str, examples: int, folder: Path, prepared: Prepared
) -> subprocess.CompletedProcess[str]:
    callers = {call: sign_in(base_url, f"{USERNAME}{number}", 1) for number, call in enumerate(ENDING_THE_CALLER)}
    content = _document(base_url)
    calls = [f"{method.upper()} {path}" for path, methods in content["paths"].items() for method in methods]
    callers |= {call: prepared.administrator for call in calls if ADMIN in call and ADMINISTERED_KEYS not in call}
    configuration = folder / "schemathesis.toml"
    configuration.write_text(_configuration(calls, prepared, callers), encoding="utf-8")
    document = folder / "openapi.json"
    document.write_text(json.dumps(content), encoding="utf-8")
    command = _command(base_url, examples, configuration, document, prepared.account)
    environment = {**os.environ, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=folder, env=environment, timeout=LIMIT_SECONDS
    )


def _command(base_url: str, examples: int, configuration: Path, document: Path, account: Account) -> list[str]:
    return [
        str(Path(sys.executable).parent / "st"),
        f"--config-file={configuration}",
        "run",
        str(document),
        f"--url={base_url}",
        "--checks=all",
        f"--max-examples={examples}",
        "--generation-deterministic",
        "--no-color",
        # A busy machine makes data slowly, and answers late.
        "--suppress-health-check=too_slow",
        "--request-timeout=120",
        f"--header=Authorization: Bearer {account.access_token}",
    ]


def _document(base_url: str) -> dict[str, Any]:
    """Return the service's document, with its access tokens as what they are on the wire, and bodies that can be made.

    Of the scheme that it has for the Authorize button, Schemathesis does not know which header to leave out, and it
    writes no NDJSON: a call that takes this takes something else, too.
    """
    with requests.Session() as session:
        session.trust_env = False
        document: dict[str, Any] = session.get(f"{base_url}/openapi.json", timeout=CALL_SECONDS).json()
    schemes = document["components"]["securitySchemes"]
    document["components"]["securitySchemes"] = {name: {"type": "http", "scheme": "bearer"} for name in schemes}
    for call in (call for calls in document["paths"].values() for call in calls.values()):
        call.get("requestBody", {}).get("content", {}).pop(NDJSON, None)
    return document


def _configuration(calls: Sequence[str], prepared: Prepared, callers: Mapping[str, Account]) -> str:
    dictionaries = {
        "new-names": NEW_NAMES,
        "new-addresses": [f"{name}@example.com" for name in NEW_NAMES],
        "registered-name": [USERNAME],
        "password": [PASSWORD],
        "new-password": [f"{PASSWORD} again"],
        "refresh-tokens": prepared.account.refresh_tokens,
        "reset-tokens": prepared.mailed.resets,
        "verification-tokens": prepared.mailed.verifications,
        "registered-address": [f"{USERNAME}@example.com"],
        "users": prepared.user_ids,
        "webhooks": prepared.webhook_ids,
        "clients": prepared.client_ids,
        "resources": prepared.resource_ids,
        "standby-keys": prepared.standby_kids,
        "machine": [prepared.machine.id],
        "machine-scope": ["items:read"],
        "machine-tokens": prepared.machine.access_tokens,
        "new-resources": [f"https://{name}.example" for name in NEW_NAMES],
    }
    # Calls that are never let in would be fuzzed in vain.
    lines = ['warnings.fail-on = ["missing_auth"]']
    lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}")
    for name, values in dictionaries.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    for call in calls:
        found = _settings_of(call, callers, prepared.machine)
        lines += ["[[operations]]", f'include-name = "{call}"', *found] if found else []
    return "\n".join(lines)


def _settings_of(call: str, callers: Mapping[str, Account], machine: Machine) -> list[str]:
    lines = []
    if call in OF_CLIENTS:
        lines.append(f'headers = {{ Authorization = "{machine.authorization}" }}')
        lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, '400'])}")
    if call in NEVER_LET_IN:
        lines.append("warnings = false")
    if call in callers:
        lines.append(f'headers = {{ Authorization = "Bearer {callers[call].access_token}" }}')
    lines += [_drawing(f"body.{field}", dictionary) for field, dictionary in DRAWN.get(call, {}).items()]
    lines += [_drawing(f"path.{name}", dictionary) for name, dictionary in DRAWN_PATHS.items() if f"{{{name}}}" in call]
    if call in STRICTER_THAN_THEIR_SCHEMA:
        refusals = ["400", "422", *(["429"] if call in THROTTLED else [])]
        lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, *refusals])}")
    if call in TELLING_FAULTS_IN_A_SUCCESS:
        lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps([*REFUSED, '200'])}")
    return lines


def _drawing(parameter: str, dictionary: str) -> str:
    """Have some values of this parameter, or member of a body, come from a dictionary."""
    return f'parameters."{parameter}" = {{ dictionary = "{dictionary}", probability = 0.7 }}'


def main() -> int:
    """Fuzz a service of its own, on a PostgreSQL of its own; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="for each operation")
    examples = parser.parse_args().examples
    with EmbeddedPostgres(durable=False) as postgres, tempfile.TemporaryDirectory() as folder:
        migrate(postgres.url())
        finished = fuzz(postgres.url(), examples, Path(folder))
    print(finished.stdout, finished.stderr, sep="", end="")
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
