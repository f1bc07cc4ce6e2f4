"""Runs Schemathesis on the pages, for signed-in users and administrators: no input may lead to a 5xx.

`python -m development.proof.fuzz_pages --examples 1000`. The pages are not in the OpenAPI document. This module
generates one from their paths and the fields of their forms, and uses a separate user for each call.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
from pydantic import BaseModel

from benchmarks.service import running_service
from development.pages import OWN_SITE, forms_of
from development.postgres import EmbeddedPostgres
from development.proof.fuzz_provider import ASKED
from development.proof.sign_ins import (
    ISSUER,
    PASSWORD,
    SCOPE,
    Application,
    Browser,
    PreparedRequest,
    add_application,
    http_at,
)
from doorward.api.policy import ErrorFormat
from doorward.api.routing import Call
from doorward.infrastructure.migrations import migrate
from doorward.settings.config import Settings, settings_from
from doorward.web.admin import NAVIGATION
from doorward.wiring.pages import create_site

LIMIT_SECONDS: Final = 3 * 3600
ADMINISTRATION: Final = "/admin/"
QUERY: Final = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge"),
    *("code_challenge_method", "prompt", "max_age", "acr_values", "login_hint", "id_token_hint", "ui_locales"),
    *("response_mode", "resource", "dpop_jkt", "request_uri", "post_logout_redirect_uri", "asked", "chosen"),
    *("next", "proof", "user_code", "id", "query", "after", "role", "status", "q"),
)
"""The query parameters that any page reads, and some that no page reads."""

ADMINISTRATION_FORMS: Final[Mapping[str, type[BaseModel]]] = {
    f"{ADMINISTRATION}{form.name}": form.model for entry in NAVIGATION for form in entry.forms
}
"""The models of the forms by their action."""

DRAWN_OFTEN: Final = 0.8
OPENED_FORM: Final = "open_form"


@dataclass(frozen=True)
class Caller:
    """The caller of one operation: its Cookie header field, and the values of the form's fields on the page."""

    cookie: str
    fields: Mapping[str, str] = field(default_factory=dict)


def fuzz_pages(database_url: str, examples: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Open the pages and submit the forms of a temporary service. The database is migrated, without users.

    The exit status is 0 if no response was 5xx.
    """
    given = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4", "RATE_LIMIT_ENABLED": "false"}
    given |= {"PUBLIC_URL": ISSUER, "BACKGROUND": "off"}
    with running_service(database_url, settings=given) as service:
        read = {name.lower(): value for name, value in given.items()}
        settings = settings_from({**read, "secret_key": service.secret_key, "database_url": database_url})
        calls = page_calls(settings)
        callers, application = asyncio.run(_prepare(service.url, database_url, settings, calls))
        (folder / "pages.json").write_text(json.dumps(_document(calls)), encoding="utf-8")
        (folder / "pages.toml").write_text(_configuration(callers, application), encoding="utf-8")
        command = [
            str(Path(sys.executable).parent / "st"),
            f"--config-file={folder / 'pages.toml'}",
            "run",
            str(folder / "pages.json"),
            f"--url={service.url}",
            "--checks=not_a_server_error",
            "--phases=fuzzing",
            f"--max-examples={examples}",
            "--generation-deterministic",
            "--no-color",
            "--suppress-health-check=all",
            "--request-timeout=120",
        ]
        environment = {**os.environ, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, env=environment, timeout=LIMIT_SECONDS
        )


def page_calls(settings: Settings) -> Sequence[Call]:
    """Return the calls of all pages, except form actions that only redirect to the page of the form."""
    calls = [call for call in create_site(settings, has_mail=True).calls if call.policy.errors is ErrorFormat.PAGE]
    return [call for call in calls if call.endpoint.__name__ != OPENED_FORM]


def _document(calls: Iterable[Call]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        # Forms have no query: their data is in the body.
        names = QUERY if call.method == "GET" else ()
        operation: dict[str, Any] = {
            "operationId": f"{call.method} {call.path}",
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
            "responses": {"default": {"description": "A page, or where it leads."}},
        }
        if call.method == "POST":
            members = {name: {"type": "string"} for name in _fields_of(call)}
            schema = {"type": "object", "properties": members, "required": list(members)}
            operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
        paths.setdefault(call.path, {})[call.method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "Pages", "version": "1"}, "paths": paths}


def _fields_of(call: Call) -> Sequence[str]:
    """Return the form fields of a call; if the call reads its form itself, those of an authorization request."""
    if call.path in ADMINISTRATION_FORMS:
        return list(ADMINISTRATION_FORMS[call.path].model_fields)
    hints = get_type_hints(call.endpoint).values()
    models = [each for each in hints if isinstance(each, type) and issubclass(each, BaseModel)]
    return [name for model in models for name in model.model_fields] or [*QUERY, "form_token"]


async def _prepare(
    url: str, database_url: str, settings: Settings, calls: Sequence[Call]
) -> tuple[Mapping[str, Caller], Application]:
    """Sign in one user for each call, and open the page of its form."""
    application = await add_application(settings)
    async with http_at(url) as http:
        pages = [call.path for call in calls if call.method == "GET"]
        target = await _register(http)
        pages += [application.address(), application.address(prompt="select_account")]
        pages += [f"{ADMINISTRATION}user?id={target['id']}"]
        first = await _signed_in(http, database_url)
        homes: dict[str, str] = {}
        for page in pages:
            for action, _ in forms_of(await first.get(page)):
                homes.setdefault(_path_of(action), page)
        callers = {}
        for call in calls:
            browser = await _signed_in(http, database_url)
            fields: dict[str, str] = {}
            if call.method == "POST" and call.path in homes:
                shown = await browser.get(homes[call.path])
                fields = next((fields for action, fields in forms_of(shown) if _path_of(action) == call.path), {})
            callers[f"{call.method} {call.path}"] = Caller(browser.headers["Cookie"], fields)
    return callers, application


def _path_of(action: str) -> str:
    """Return the path of a form's action, which is relative to its page: all pages are in folders below the root."""
    return "/" + urlsplit(action).path.replace("../", "").lstrip("./")


async def _register(http: httpx.AsyncClient) -> dict[str, Any]:
    name = f"page-{uuid4().hex[:16]}"
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    body: dict[str, Any] = (await PreparedRequest("POST", "/api/v1/auth/register", body=account).send(http)).json()
    return body


async def _signed_in(http: httpx.AsyncClient, database_url: str) -> Browser:
    """Sign in an administrator: administration pages need the role, and the other pages do not depend on it."""
    person = await _register(http)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as operator:
        await operator.execute(
            "UPDATE users SET roles = '{admin}', email_verified_at = now() WHERE id = %s", (person["id"],)
        )
    browser = Browser(http)
    await browser.sign_in(person["username"])
    return browser


def _configuration(callers: Mapping[str, Caller], application: Application) -> str:
    asked = {
        **ASKED,
        "decision": "allow",
        "client_id": application.id,
        "scope": SCOPE,
        "password": PASSWORD,
        "current_password": PASSWORD,
    }
    lines = ["warnings = false"]
    for name, value in asked.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps([value])}"]
    operations = []
    for number, (call, caller) in enumerate(callers.items()):
        headers = {"Cookie": caller.cookie, **OWN_SITE}
        written = ", ".join(f"{name} = {json.dumps(value)}" for name, value in headers.items())
        operations += ["[[operations]]", f"include-name = {json.dumps(call)}", f"headers = {{ {written} }}"]
        place = "query" if call.startswith("GET") else "body"
        drawn = {name: name for name in asked}
        for name, value in caller.fields.items():
            # The configuration cannot name other fields, such as those of scopes: these are only generated.
            if name.isidentifier() and value and name not in asked:
                drawn[name] = f"own-{number}-{name}"
                lines += [f"[dictionaries.{drawn[name]}]", f"values = {json.dumps([value])}"]
        operations += [
            f'parameters."{place}.{name}" = {{ dictionary = "{dictionary}", probability = {DRAWN_OFTEN} }}'
            for name, dictionary in drawn.items()
        ]
    return "\n".join([*lines, *operations])


def main() -> int:
    """Fuzz the pages of a temporary service on a temporary PostgreSQL; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="for each call")
    examples = parser.parse_args().examples
    with EmbeddedPostgres(durable=False) as postgres, tempfile.TemporaryDirectory() as folder:
        migrate(postgres.url())
        finished = fuzz_pages(postgres.url(), examples, Path(folder))
    print(finished.stdout, finished.stderr, sep="", end="")
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
