"""A service that cannot do its work says why in one line and does not start."""

import re
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stack import Outcome, Stack

ROOT = Path(__file__).parents[2]
DEVELOPMENT_KEY = "doorward-development-secret-key-never-for-production"
SECRET_ASSIGNMENT = re.compile(
    r"""\b\w*(?:SECRET|PASSWORD)\w*["']?      # a name that speaks of a secret
        (?::\s*Final)?\s*[:=]\s*              # being given a value
        (?:["'](?P<quoted>[^"'()\n]+)["']|(?P<plain>[^\s"'`$(){}\[\],<>]+)\s*$)""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
MAXIMUM_PUBLISHED = 60
"""More than this, and the pattern has gone astray."""


def published_secrets() -> list[str]:
    """Return every literal in the repository's tracked files that is assigned to the name of a secret."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and not name.endswith(".lock")]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    found = {match["quoted"] or match["plain"] for text in texts for match in SECRET_ASSIGNMENT.finditer(text)}
    return sorted(found)


def assert_refused_in_one_line(outcome: Outcome, *words: str) -> None:
    assert outcome.status not in {0, None}
    assert len(outcome.output.splitlines()) == 1, outcome.output
    assert outcome.output.startswith("doorward: ")
    for word in words:
        assert word in outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize(
    ("key", "flaw"),
    [
        ("", "missing"),
        (secrets.token_hex(15), "shorter than 32 bytes"),
        ("a1" * 32, "too regular"),
        (DEVELOPMENT_KEY, "published"),
        (DEVELOPMENT_KEY.upper(), "published"),
    ],
    ids=["missing", "short", "regular", "published", "published in capitals"],
)
def test_production_refuses_a_secret_key_that_is_no_secret(stack: Stack, key: str, flaw: str) -> None:
    outcome = stack.run_command("serve", SECRET_KEY=key)
    assert_refused_in_one_line(outcome, "SECRET_KEY", flaw, "Example: ")
    assert not key or key not in outcome.output


def test_production_refuses_every_secret_that_the_repository_shows(stack: Stack) -> None:
    published = published_secrets()
    assert DEVELOPMENT_KEY in published
    assert len(published) < MAXIMUM_PUBLISHED
    # Those below 32 bytes are refused for their length, which the test above has shown.
    for key in [each for each in published if len(each.encode()) >= 32]:
        assert_refused_in_one_line(stack.run_command("check-config", SECRET_KEY=key), "SECRET_KEY")


def test_nothing_starts_without_a_database_that_answers(stack: Stack) -> None:
    outcome = stack.run_command("serve", POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1")
    assert_refused_in_one_line(outcome, "PostgreSQL cannot be used", "DATABASE_URL")


def test_nothing_starts_on_a_database_that_does_not_exist(stack: Stack) -> None:
    outcome = stack.run_command("serve", POSTGRES_DB="nowhere")
    assert_refused_in_one_line(outcome, "PostgreSQL cannot be used", "nowhere")


def test_nothing_starts_on_a_schema_that_is_behind(stack: Stack) -> None:
    stack.sql("CREATE DATABASE never_migrated")
    outcome = stack.run_command("serve", POSTGRES_DB="never_migrated")
    assert_refused_in_one_line(outcome, "schema is behind", "doorward migrate")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", "70000"), ("127.0.0.1", "-1"), ("192.0.2.1", "8080")])
def test_nothing_starts_where_it_cannot_listen(stack: Stack, host: str, port: str) -> None:
    outcome = stack.run_command("serve", "--host", host, f"--port={port}")
    assert_refused_in_one_line(outcome, f"cannot listen on {host} port {port}", "--port")


def test_a_published_database_password_is_refused_in_production(stack: Stack) -> None:
    outcome = stack.run_command("serve", POSTGRES_PASSWORD="postgres")
    assert_refused_in_one_line(outcome, "POSTGRES_PASSWORD", "published")
