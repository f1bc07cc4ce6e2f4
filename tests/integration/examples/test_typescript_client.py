"""examples/session_client.ts with the service: it compiles under strict rules, and behaves like the Python client."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest

from development.client import PASSWORD, REGISTER
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.architecture.sources import ROOT

COMPILER_OPTIONS: Final = ("--strict", "--target", "es2022", "--module", "es2022", "--lib", "es2022,dom")
HANGS_AFTER_SECONDS: Final = 300
ME: Final = "/api/v1/auth/me"
TOKEN: Final = "/api/v1/auth/token"
REFRESH: Final = "/api/v1/auth/refresh"
REVOKE: Final = "/api/v1/auth/revoke"

EXPECTED: Final = {
    "wrongPassword": "login refused",
    "knownDevice": [False, True],
    "throttledLogin": ["login throttled", True, [TOKEN], []],
    "parallelCalls": [1, 200, 1],
    "endedSession": ["session ended", "session ended", None, [ME, REFRESH]],
    "freshTokenRefused": ["session ended", [ME, REFRESH, ME]],
    "forbidden": [403, [ME]],
    "retryAfter": [200, [ME, ME, ME], [7, 7]],
    "retryAfterIsBounded": [503, [5, 5, 30]],
    "notRepeatable": [503, "terminated", [ME, ME], []],
    "lostAnswerOfRefresh": [200, [ME, REFRESH, REFRESH, ME]],
    "busyRefresh": [200, [ME, REFRESH, REFRESH, ME]],
    "logout": [401, None, [REVOKE]],
    "logoutWithoutNetwork": ["terminated", None],
}


def tool(name: str) -> str:
    """Return the path of a program; if it is missing, skip, or fail if the environment requires it."""
    path = shutil.which(name)
    if path is None and os.environ.get("DOORWARD_REQUIRE_NODE"):
        pytest.fail(f"{name} is missing: apt-get install nodejs node-typescript")
    return path or pytest.skip(f"{name} is missing: apt-get install nodejs node-typescript")


@pytest.fixture(scope="module")
def compiled_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client compiled to JavaScript with the compiler's strict checks."""
    node, compiler = tool("node"), tool("tsc")
    folder = tmp_path_factory.mktemp("compiled")
    source = ROOT / "examples" / "session_client.ts"
    command = [node, compiler, *COMPILER_OPTIONS, "--outDir", str(folder), str(source)]
    compiled = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANGS_AFTER_SECONDS)
    assert compiled.returncode == 0, compiled.stdout
    return (folder / "session_client.js").rename(folder / "session_client.mjs")


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE typescript_client")
    database = postgres.url("typescript_client")
    migrate(database)
    with running_service(proof_settings(database, REFRESH_TOKEN_REUSE_LEEWAY_SECONDS="60")) as address:
        yield address


@pytest.fixture(scope="module")
def seen(compiled_client: Path, url: str) -> dict[str, Any]:
    """The results of all scenarios, from one run of Node."""
    usernames = [f"person-{number}" for number in range(len(EXPECTED))]
    for username in usernames:
        body = {"email": f"{username}@example.com", "username": username, "password": PASSWORD}
        httpx.post(url + REGISTER, json=body, trust_env=False).raise_for_status()
    scenarios = Path(__file__).with_name("scenarios.mjs")
    command = [tool("node"), str(scenarios), str(compiled_client), url, PASSWORD, *usernames]
    finished = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANGS_AFTER_SECONDS)
    assert finished.returncode == 0, finished.stderr
    results: dict[str, Any] = json.loads(finished.stdout)
    return results


@pytest.mark.parametrize("scenario", EXPECTED)
def test_the_client_behaves_as_documented(seen: dict[str, Any], scenario: str) -> None:
    assert seen[scenario] == EXPECTED[scenario]


def test_every_scenario_has_an_expected_result(seen: dict[str, Any]) -> None:
    assert seen.keys() == EXPECTED.keys()
