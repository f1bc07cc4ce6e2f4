"""Every curl command of these pages runs as written and returns the documented status."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.pages.calls import run_calls

README = Path("README.md")
ITEMS = Path("docs/items.md")
FOREIGN_CLIENTS = Path("docs/foreign-clients.md")
OAUTH = Path("docs/oauth.md")


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE pages")
    migrate(postgres.url("pages"))
    with running_service(proof_settings(postgres.url("pages"))) as address:
        yield address


def test_the_first_calls_run_as_written(url: str, tmp_path: Path) -> None:
    calls = run_calls(README, url, tmp_path)
    assert len(calls) == 6
    assert [call for call in calls if call.status != call.documented] == []
    assert '"username":"ada"' in calls[2].answer


def test_the_calls_of_items_run_as_written(url: str, tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("title,year\nCasablanca,1942\nThe Matrix,year of the film\n", encoding="utf-8")
    (tmp_path / "imdb_top_1000.csv").write_text(
        "Poster_Link,Series_Title,Released_Year,Genre\nhttps://example.com/a.jpg,Heat,1995,Crime\n", encoding="utf-8"
    )
    log_in = f"""
        curl -s {url}/api/v1/auth/register -H 'Content-Type: application/json' \
          -d '{{"email": "eve@example.com", "username": "eve", "password": "correct horse battery"}}'
        PAIR=$(curl -s {url}/api/v1/auth/token -d username=eve -d 'password=correct horse battery')
        ACCESS_TOKEN=$(echo "$PAIR" | cut -d'"' -f4)
    """
    calls = run_calls(ITEMS, url, tmp_path, first=log_in)
    assert len(calls) == 5
    assert [call for call in calls if call.status != call.documented] == []
    assert '"skipped":1' in calls[3].answer
    assert '"imported":1' in calls[4].answer


def test_the_calls_of_oauth_libraries_run_as_written(url: str, tmp_path: Path) -> None:
    calls = run_calls(FOREIGN_CLIENTS, url, tmp_path)
    assert len(calls) == 6
    assert [call for call in calls if call.status != call.documented] == []
    assert '"scope":"items:read"' in calls[2].answer
    assert calls[4].answer == "{}"


def test_the_calls_of_the_standard_endpoints_run_as_written(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url_of_database = postgres.url("oauth_pages")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE oauth_pages")
    migrate(url_of_database)
    settings = proof_settings(url_of_database, PUBLIC_URL="http://localhost:8000", BACKGROUND="off")
    command = [sys.executable, "-m", "doorward", "client", "add", "Nightly report", "--scope", "items:read"]
    added = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **settings})
    client_id, secret = added.stdout.split()
    with running_service(settings) as address:
        calls = run_calls(OAUTH, address, tmp_path, first=f"CLIENT_ID={client_id}; CLIENT_SECRET={secret}")
    assert len(calls) == 6
    assert [call for call in calls if call.status != call.documented] == []
    assert '"active":true' in calls[3].answer
