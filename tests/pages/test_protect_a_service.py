"""The commands and files of docs/protect-a-service.md, used as written, create a service that users can call."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.pages.front import running_front
from tests.pages.team import DOORWARD, Team, blocks, documented_statuses

DATABASE = "protected"


@pytest.fixture(scope="module")
def doorward(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Run doorward with the settings of the page's first step; yield its PUBLIC_URL."""
    first = blocks()[0].text
    assert first.endswith(" uv run inv dev\n")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    migrate(postgres.url(DATABASE))
    with running_front() as front:
        settings = dict(re.findall(r"([A-Z_]+)=(\S+)", first.replace(DOORWARD, front.url)))
        with running_service(proof_settings(postgres.url(DATABASE), **settings)) as service:
            front.service = urlsplit(service).netloc
            yield front.url


def test_the_page_creates_a_service_that_users_of_doorward_can_call(doorward: str, tmp_path: Path) -> None:
    team = Team(tmp_path, doorward)
    said = team.follow_the_page()
    documented = documented_statuses()
    assert len(documented) == 4
    answered = team.statuses()
    assert len(answered) == 4
    assert [status for status, came in zip(documented, answered, strict=True) if status not in {"", came}] == []
    assert re.search(r'\{"orders_of":"[0-9a-f-]{36}"\}', said)
    assert "2 passed" in said
