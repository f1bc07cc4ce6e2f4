"""Runs Schemathesis on the whole OpenAPI document: `python -m development.proof.fuzz --examples 1000`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks.processes import CALL_SECONDS
from benchmarks.service import running_service
from development.postgres import EmbeddedPostgres
from development.proof.fuzz_calls import (
    ALWAYS_REFUSED,
    AUTHORIZED_ONLY_EARLY,
    DRAWN,
    DRAWN_PATHS,
    ENDING_THE_CALLER,
    OF_CLIENTS,
    OF_REGISTRATION,
    REFUSED,
    REPORTS_FAULTS_WITH_SUCCESS,
    STRICTER_THAN_THEIR_SCHEMA,
    TAKEN,
    THROTTLED,
)
from development.proof.fuzz_preparation import (
    ADMIN,
    ADMINISTERED_KEYS,
    PASSWORD,
    USERNAME,
    Account,
    Prepared,
    prepare,
    sign_in,
)
from development.proof.fuzz_provider import ASKED, METADATA, REGISTER
from doorward.api.uploads import NDJSON
from doorward.infrastructure.migrations import migrate

NEW_NAMES: Final = [f"fuzz-{number:04}" for number in range(500)]
LIMIT_SECONDS: Final = 3 * 3600
EXAMPLES_OF_MINUTES: Final = 50
"""With more examples for each call, the last calls run when proofs are older than five minutes."""


def fuzz(database_url: str, examples: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Fuzz a temporary service in all phases: examples, coverage, fuzzing, and links from responses to other calls.

    All checks are on: no 5xx, no undocumented status, header or schema, no ignored authentication, invalid data
    refused, valid data accepted. Some requests use existing data, so that every call succeeds sometimes. Calls of
    administration are made by an administrator. The database is migrated, without users. The exit status is 0 if no
    fault was found.
    """
    settings = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4", "RATE_LIMIT_ENABLED": "false"}
    # Store mails and webhooks without sending them: generated addresses may be real ones.
    settings |= {"PUBLIC_URL": "http://localhost:8000", "WEBHOOKS_ENABLED": "true", "BACKGROUND": "off"}
    settings |= {"CLIENT_REGISTRATION_ENABLED": "true", "ACCESS_TOKEN_EXPIRE_MINUTES": "1440"}
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
    unwarned = ALWAYS_REFUSED | (AUTHORIZED_ONLY_EARLY if examples > EXAMPLES_OF_MINUTES else set())
    configuration.write_text(_configuration(calls, prepared, callers, unwarned), encoding="utf-8")
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
        # A busy machine generates data and responds slowly.
        "--suppress-health-check=too_slow",
        "--request-timeout=120",
        f"--header=Authorization: Bearer {account.access_token}",
    ]


def _document(base_url: str) -> dict[str, Any]:
    """Return the OpenAPI document with bearer authentication, and without media types that Schemathesis cannot write.

    Schemathesis cannot tell which header field the scheme of the Authorize button uses. It cannot write NDJSON; every
    call that accepts it also accepts another type.
    """
    with requests.Session() as session:
        session.trust_env = False
        document: dict[str, Any] = session.get(f"{base_url}/openapi.json", timeout=CALL_SECONDS).json()
    schemes = document["components"]["securitySchemes"]
    document["components"]["securitySchemes"] = {name: {"type": "http", "scheme": "bearer"} for name in schemes}
    # The schema allows any member: without this example no client would be registered.
    content = document["paths"][REGISTER]["post"]["requestBody"]["content"]
    content["application/json"]["example"] = dict(METADATA)
    for call in (call for calls in document["paths"].values() for call in calls.values()):
        call.get("requestBody", {}).get("content", {}).pop(NDJSON, None)
    return document


def _configuration(
    calls: Sequence[str], prepared: Prepared, callers: Mapping[str, Account], unwarned: Collection[str]
) -> str:
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
        **{name: [value] for name, value in ASKED.items()},
        **{f"registered-{call[:3]}": [client.id] for call, client in prepared.provider.registered.items()},
        "new-resources": [f"https://{name}.example" for name in NEW_NAMES],
    }
    # Fuzzing a call that is never authorized would be useless.
    lines = ['warnings.fail-on = ["missing_auth"]']
    lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}")
    for name, values in dictionaries.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    for call in calls:
        found = ["warnings = false"] if call in unwarned else []
        found += _settings_of(call, callers, prepared)
        lines += ["[[operations]]", f'include-name = "{call}"', *found] if found else []
    return "\n".join(lines)


def _settings_of(call: str, callers: Mapping[str, Account], prepared: Prepared) -> list[str]:
    lines, bearers = [], prepared.provider.bearers()
    if call in OF_CLIENTS:
        lines.append(f'headers = {{ Authorization = "{prepared.machine.authorization}" }}')
    if call in bearers:
        lines.append(f'headers = {{ Authorization = "Bearer {bearers[call]}" }}')
    if call in {*OF_CLIENTS, *OF_REGISTRATION}:
        lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, '400'])}")
    if call in callers:
        lines.append(f'headers = {{ Authorization = "Bearer {callers[call].access_token}" }}')
    lines += [_drawing(f"body.{field}", dictionary) for field, dictionary in DRAWN.get(call, {}).items()]
    paths = {**DRAWN_PATHS, **({"client_id": f"registered-{call[:3]}"} if call in OF_REGISTRATION else {})}
    lines += [_drawing(f"path.{name}", dictionary) for name, dictionary in paths.items() if f"{{{name}}}" in call]
    if call in STRICTER_THAN_THEIR_SCHEMA:
        refusals = ["400", "422", *(["429"] if call in THROTTLED else [])]
        lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, *refusals])}")
    if call in REPORTS_FAULTS_WITH_SUCCESS:
        lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps([*REFUSED, '200'])}")
    return lines


def _drawing(parameter: str, dictionary: str) -> str:
    """Return a configuration line that takes some values of this parameter or body member from a dictionary."""
    return f'parameters."{parameter}" = {{ dictionary = "{dictionary}", probability = 0.7 }}'


def main() -> int:
    """Fuzz a temporary service on a temporary PostgreSQL; return the exit status."""
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
