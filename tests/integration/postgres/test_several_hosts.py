"""With several hosts in DATABASE_URL, the first suitable one is used."""

from urllib.parse import parse_qs, urlsplit

import pytest

from doorward.commands.main import main
from tests.integration.service import MakeService


def with_a_host_before(url: str) -> str:
    """Return the URL of the same database, preceded by a host on which no server listens."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query)["host"][0].replace("/", "%2F")
    hosts = f"127.0.0.1:1,{folder}:{parse_qs(parts.query)['port'][0]}"
    return f"postgresql://postgres@{hosts}{parts.path}?target_session_attrs=read-write"


async def test_a_service_uses_the_host_that_answers(make_service: MakeService, own_database: str) -> None:
    service = await make_service(database_url=with_a_host_before(own_database))
    person, pair = await service.register_and_log_in()
    assert (await service.get_me(pair.access)).json()["username"] == person.username
    assert (await service.client.get("/health/readiness")).status_code == 200


def test_commands_use_the_host_that_answers(
    environment: pytest.MonkeyPatch, empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", with_a_host_before(empty_database))
    assert main(["migrate"]) == 0
    assert main(["prune"]) == 0
    assert "removed 0 sessions" in capsys.readouterr().out


def test_unreachable_hosts_are_reported_in_one_line_without_the_password(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://ada:hidden@127.0.0.1:1,[::1]:1/x?target_session_attrs=read-write")
    assert main(["migrate"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doorward: PostgreSQL cannot be used: ")
    assert "hidden" not in line
