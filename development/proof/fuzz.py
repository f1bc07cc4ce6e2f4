"""Schemathesis over the whole OpenAPI document: `python -m development.proof.fuzz --examples 1000`."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from benchmarks.service import running_service
from development.postgres import EmbeddedPostgres
from development.proof.races.mailed import mailing
from development.proof.service import tokens_of
from doorward.domain.auth.one_time_token import Purpose
from doorward.domain.auth.scopes import AdminScope
from doorward.infrastructure.migrations import migrate

ADMIN: Final = "/api/v1/admin/"
USERNAME: Final = "fuzz"
PASSWORD: Final = "not so common a password"  # noqa: S105 - of a service that is gone after the run
NEW_NAMES: Final = [f"fuzz-{number:04}" for number in range(500)]
REFRESH_TOKENS: Final = 50
MAILED: Final = 20
LIMIT_SECONDS: Final = 3600
ENDING_THE_CALLER: Final = (
    "PATCH /api/v1/account",
    "POST /api/v1/account/password",
    "POST /api/v1/account/reauthenticate",
    "POST /api/v1/account/sessions/end",
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
    "POST /api/v1/auth/deletion/cancel": "only what a login was answered with is right",
    "POST /api/v1/auth/register": "names are ASCII after NFKC, and common passwords are refused",
    "POST /api/v1/auth/register/confirm": "only what a mail brought is right",
    "POST /api/v1/auth/register/resend": "only what a registration was answered with is right",
    "POST /api/v1/auth/invitations/accept": "only what a mail brought is right",
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
    "GET /api/v1/items": "page and after exclude each other",
    "POST /api/v1/items": "titles and tags have no control characters",
    "GET /api/v1/items/search": "a query has words",
    "POST /api/v1/items/import": "the body is CSV",
    "PUT /api/v1/items/{item_id}": "as POST /api/v1/items",
    "PATCH /api/v1/items/{item_id}": "as POST /api/v1/items",
}
"""Calls that may answer 422 to what fits their schema, and why; all others may not."""

NEEDING_MAIL: Final = (
    "POST /api/v1/admin/invitations",
    "POST /api/v1/account/email",
    "POST /api/v1/account/email/verification",
    "POST /api/v1/auth/password/forgot",
    "POST /api/v1/auth/register/resend",
)
"""Calls that are refused, whatever is sent, where no mail is configured."""

DRAWN: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /api/v1/auth/password/forgot": {"email": "registered-address"},
    "POST /api/v1/auth/password/reset": {"token": "reset-tokens", "new_password": "new-password"},
    "POST /api/v1/auth/email/verify": {"token": "verification-tokens", "password": "password"},
    "POST /api/v1/auth/register": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "POST /api/v1/auth/token": {"username": "registered-name", "password": "password"},
    "POST /api/v1/auth/refresh": {"refresh_token": "refresh-tokens"},
    "POST /api/v1/auth/revoke": {"refresh_token": "refresh-tokens"},
    "PATCH /api/v1/account": {"username": "new-names"},
    "POST /api/v1/account/password": {"current_password": "password", "new_password": "new-password"},
    "POST /api/v1/account/reauthenticate": {"password": "password"},
    "POST /api/v1/admin/users": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "PATCH /api/v1/admin/users/{user_id}": {"username": "new-names"},
    "POST /api/v1/admin/roles": {"name": "new-names"},
    "POST /api/v1/admin/invitations": {"email": "new-addresses"},
}
"""Members of bodies that come from a dictionary, by call."""

REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429")
"""How data may be refused that does not fit its schema: 413 where the whole is too large to be looked at."""

TAKEN: Final = ("2xx", "3xx", "401", "403", "404", "409", "412")
"""Statuses that say that the shape of a request was right."""


@dataclass(frozen=True)
class MailedTokens:
    """Tokens of mails that were sent to accounts of their own, each of which works once."""

    resets: list[str]
    verifications: list[str]


@dataclass(frozen=True)
class Account:
    """Somebody who is registered: an access token, and the refresh tokens of as many sessions."""

    access_token: str
    refresh_tokens: list[str]


def sign_in(base_url: str, username: str = USERNAME, sessions: int = 1 + REFRESH_TOKENS) -> Account:
    """Register an account that requests draw from, and begin its sessions."""
    body = {"email": f"{username}@example.com", "username": username, "password": PASSWORD}
    login = {"username": username, "password": PASSWORD}
    with requests.Session() as session:
        # No proxy is asked, whatever the environment says.
        session.trust_env = False
        session.post(f"{base_url}/api/v1/auth/register", json=body, timeout=CALL_SECONDS).raise_for_status()
        answers = [
            session.post(f"{base_url}/api/v1/auth/token", data=login, timeout=CALL_SECONDS).json()
            for _ in range(sessions)
        ]
    return Account(answers[0]["access_token"], [answer["refresh_token"] for answer in answers[1:]])


def run_schemathesis(
    base_url: str,
    examples: int,
    folder: Path,
    mailed: MailedTokens | None = None,
    administrator: Account | None = None,
) -> subprocess.CompletedProcess[str]:
    """Call a service in all phases: examples, coverage, fuzzing, and the links from answers to further calls.

    All checks are on: no 5xx, no undocumented status, header or shape, no ignored authentication, invalid data
    refused, valid data taken. Some requests draw from real names, passwords and refresh tokens, so that every call
    is let in sometimes. Calls of administration are made by the administrator; without one all of them are refused.
    The exit status is 0 when nothing was found.
    """
    account = sign_in(base_url)
    callers = {call: sign_in(base_url, f"{USERNAME}{number}", 1) for number, call in enumerate(ENDING_THE_CALLER)}
    content = _document(base_url)
    administration = _administration(content)
    callers |= dict.fromkeys(administration, administrator) if administrator else {}
    unreachable = [*(NEEDING_MAIL if mailed is None else ()), *(() if administrator else administration)]
    configuration = folder / "schemathesis.toml"
    configuration.write_text(_configuration(account, callers, mailed, unreachable), encoding="utf-8")
    document = folder / "openapi.json"
    document.write_text(json.dumps(content), encoding="utf-8")
    command = _command(base_url, examples, configuration, document, account)
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


def _administration(document: Mapping[str, Any]) -> list[str]:
    """Return the calls of administration."""
    paths = document["paths"]
    return [f"{method.upper()} {path}" for path in paths if ADMIN in path for method in paths[path]]


def _document(base_url: str) -> dict[str, Any]:
    """Return the service's document, with its access tokens as what they are on the wire.

    Of the scheme that it has for the Authorize button, Schemathesis does not know which header to leave out.
    """
    with requests.Session() as session:
        session.trust_env = False
        document: dict[str, Any] = session.get(f"{base_url}/openapi.json", timeout=CALL_SECONDS).json()
    schemes = document["components"]["securitySchemes"]
    document["components"]["securitySchemes"] = {name: {"type": "http", "scheme": "bearer"} for name in schemes}
    return document


def _configuration(
    account: Account, callers: Mapping[str, Account], mailed: MailedTokens | None, unreachable: Collection[str]
) -> str:
    dictionaries = {
        "new-names": NEW_NAMES,
        "new-addresses": [f"{name}@example.com" for name in NEW_NAMES],
        "registered-name": [USERNAME],
        "password": [PASSWORD],
        "new-password": [f"{PASSWORD} again"],
        "refresh-tokens": account.refresh_tokens,
        "reset-tokens": mailed.resets if mailed else ["dwo_"],
        "verification-tokens": mailed.verifications if mailed else ["dwo_"],
        "registered-address": [f"{USERNAME}@example.com"],
    }
    # Calls that are never let in would be fuzzed in vain.
    lines = ['warnings.fail-on = ["missing_auth"]']
    lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}")
    for name, values in dictionaries.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    for call in sorted({*STRICTER_THAN_THEIR_SCHEMA, *DRAWN, *callers, *unreachable}):
        lines += ["[[operations]]", f'include-name = "{call}"']
        if call in unreachable:
            lines.append("warnings = false")
        if call in callers:
            lines.append(f'headers = {{ Authorization = "Bearer {callers[call].access_token}" }}')
        lines += [_drawing(field, dictionary) for field, dictionary in DRAWN.get(call, {}).items()]
        if call in STRICTER_THAN_THEIR_SCHEMA:
            lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, '422'])}")
    return "\n".join(lines)


def _drawing(field: str, dictionary: str) -> str:
    """Have some values of this field of a body come from a dictionary."""
    return f'parameters."body.{field}" = {{ dictionary = "{dictionary}", probability = 0.7 }}'


async def _mail_tokens(base_url: str, database_url: str, secret_key: str) -> MailedTokens:
    """Register accounts, and store tokens for them as the worker does when it sends a mail."""
    mail = mailing(database_url, tokens_of({"SECRET_KEY": secret_key, "DATABASE_URL": database_url}))
    names = [f"{USERNAME}-mailed-{number}" for number in range(MAILED)]
    for name in names:
        await asyncio.to_thread(sign_in, base_url, name, 1)
    resets = [await mail(name, Purpose.PASSWORD_RESET) for name in names]
    return MailedTokens(resets, [await mail(name, Purpose.VERIFY_EMAIL) for name in names])


def sign_in_administrator(base_url: str, database_url: str) -> Account:
    """Return somebody whose role gives all scopes but one, which all others have: their accounts stay as they are."""
    administrator = sign_in(base_url, f"{USERNAME}-admin", 1)
    with psycopg.connect(database_url) as connection:
        for name, is_kept in (("fuzz-admin", False), ("fuzz-other", True)):
            scopes = [scope for scope in AdminScope if (scope is AdminScope.KEYS_WRITE) is is_kept]
            connection.execute(
                "INSERT INTO roles (name, description, scopes) VALUES (%(name)s, '', %(scopes)s)",
                {"name": name, "scopes": scopes},
            )
        connection.execute("ALTER TABLE users ALTER COLUMN roles SET DEFAULT '{fuzz-other}'")
        connection.execute(
            "UPDATE users SET roles = CASE username WHEN %(name)s THEN '{fuzz-admin}' ELSE '{fuzz-other}' END::text[]",
            {"name": f"{USERNAME}-admin"},
        )
    return administrator


def main() -> int:
    """Fuzz a service of its own, on a PostgreSQL of its own; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="for each operation")
    examples = parser.parse_args().examples
    with EmbeddedPostgres(durable=False) as postgres, tempfile.TemporaryDirectory() as folder:
        migrate(postgres.url())
        cheap = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4", "RATE_LIMIT_ENABLED": "false"}
        # Mails are composed, and kept in a folder.
        cheap |= {"PUBLIC_URL": "http://localhost:8000", "MAIL_DEVELOPMENT_FOLDER": f"{folder}/mails"}
        with running_service(postgres.url(), settings=cheap) as service:
            mailed = asyncio.run(_mail_tokens(service.url, postgres.url(), service.secret_key))
            administrator = sign_in_administrator(service.url, postgres.url())
            finished = run_schemathesis(service.url, examples, Path(folder), mailed, administrator)
    print(finished.stdout, finished.stderr, sep="", end="")
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
