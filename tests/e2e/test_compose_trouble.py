"""Failures under Compose: the cause is reported, and stored data are kept."""

import contextlib
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
import pytest

from development.client import ApiClient, Pair, Person
from development.databases import DEVELOPMENT_DATA, START
from development.postgres import EmbeddedPostgres
from tests.e2e.compose_project import PLAIN, WITH_KEY_FILE, Project, a_project
from tests.e2e.conftest import COMPOSE_SETTINGS
from tests.e2e.people import client_of

SMALL_DISK: Final = """\
volumes:
  postgres-data:
    driver_opts: {type: tmpfs, device: tmpfs, o: size=160m}
"""
FILL: Final = "cat /dev/zero >/var/lib/postgresql/data/filler 2>/dev/null; sync; true"
OF_THE_DEVELOPER: Final = "of_the_developer"
RESTORE: Final = ("backup", "restore", "--file", "dump", "--yes")
ONE_ITEM: Final = 7500
"""Bytes before their encoding as text, which does not fit on a page of a table."""

Finished = subprocess.CompletedProcess[str]


@dataclass
class Trouble:
    """The commands of an operator in their order, and the result of each."""

    project: Project
    early: Person
    """Registered before the backup."""

    late: Person
    tokens: Pair
    said: dict[str, Finished] = field(default_factory=dict)

    def do(self, what: str, finished: Finished) -> None:
        self.said[what] = finished

    async def log_in(self, *people: Person) -> list[int]:
        client = client_of(self.project)
        return [(await client.post_login(person)).status_code for person in people]


@contextlib.contextmanager
def development_database(folder: Path) -> Iterator[None]:
    """Create a database of `inv dev` in a folder."""
    with EmbeddedPostgres.at(folder / DEVELOPMENT_DATA) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {OF_THE_DEVELOPER} (id integer)")
    yield


def tables_of_developer(folder: Path) -> list[str]:
    with EmbeddedPostgres.at(folder / DEVELOPMENT_DATA) as url, psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [row[0] for row in found]


def restore(trouble: Trouble) -> None:
    """Restore like an operator: first in two wrong ways, then in the right way."""
    project = trouble.project
    trouble.do("restore while the service runs", project.task(*RESTORE))
    # Like `inv down`, which also stops PostgreSQL.
    trouble.do("down", project.compose(PLAIN, "down", "--timeout", "5"))
    trouble.do("restore while PostgreSQL is stopped", project.task(*RESTORE))
    trouble.do("backup while PostgreSQL is stopped", project.task("backup", "backup", "--file", "other"))
    trouble.do("start", project.compose(PLAIN, *START.rpartition("docker/compose.yaml ")[2].split()))
    trouble.do("restore", project.task(*RESTORE))
    # The last line of the output; the one before it is `migrate`, which the start also runs.
    line = trouble.said["restore"].stdout.splitlines()[-1]
    trouble.do("end-all-sessions", project.compose(WITH_KEY_FILE, *line.rpartition(".yaml ")[2].split()))


def start(trouble: Trouble) -> None:
    """Start on a port in use, then with too little memory, then correctly."""
    project = trouble.project
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        project.with_setting(f"DOORWARD_PORT={other.getsockname()[1]}"),
    ):
        trouble.do("taken port", project.task("compose"))
    with project.with_setting("DOORWARD_MEMORY=24m"):
        trouble.do("little memory", project.task("compose"))
    trouble.do("up", project.task("compose"))


@pytest.fixture(scope="module")
async def trouble(running_project: Project) -> AsyncIterator[Trouble]:
    client: ApiClient = client_of(running_project)
    early = await client.register()
    tokens = await client.log_in(early)
    backup = running_project.task("backup", "backup", "--file", "dump")
    trouble = Trouble(running_project, early, await client.register(), tokens)
    trouble.do("backup", backup)
    with development_database(running_project.folder):
        restore(trouble)
        start(trouble)
        yield trouble


async def test_a_restore_under_compose_restores_its_own_database(trouble: Trouble) -> None:
    assert "the database of `inv up` is in dump" in trouble.said["backup"].stdout
    assert trouble.said["restore"].returncode == 0, trouble.said["restore"].stderr
    assert trouble.said["end-all-sessions"].returncode == 0, trouble.said["end-all-sessions"].stderr
    assert await trouble.log_in(trouble.early, trouble.late) == [200, 401]


async def test_no_token_from_before_a_restore_works(trouble: Trouble) -> None:
    client = client_of(trouble.project)
    assert (await client.get_me(trouble.tokens.access)).status_code == 401
    assert (await client.post_refresh(trouble.tokens.refresh)).status_code == 401


def test_a_restore_is_refused_while_the_service_runs(trouble: Trouble) -> None:
    refused = trouble.said["restore while the service runs"]
    assert (refused.returncode, "stop service" in refused.stderr) == (1, True), refused.stderr


@pytest.mark.parametrize("command", ["restore", "backup"])
def test_the_database_of_inv_dev_is_not_used_while_that_of_compose_is_stopped(trouble: Trouble, command: str) -> None:
    refused = trouble.said[f"{command} while PostgreSQL is stopped"]
    assert (refused.returncode, START in refused.stderr) == (1, True), refused.stderr
    assert tables_of_developer(trouble.project.folder) == [OF_THE_DEVELOPER]
    assert not (trouble.project.folder / "other").exists()


def test_a_port_in_use_is_reported(trouble: Trouble) -> None:
    refused = trouble.said["taken port"]
    assert refused.returncode != 0
    assert "of 127.0.0.1 is taken. Stop what uses it, or set DOORWARD_PORT" in refused.stderr


def test_a_lack_of_memory_is_reported(trouble: Trouble) -> None:
    refused = trouble.said["little memory"]
    assert refused.returncode != 0
    assert "was killed, since it needed more memory than its 24 MiB" in refused.stderr


def test_the_next_start_succeeds_and_reports_the_url(trouble: Trouble) -> None:
    started = trouble.said["up"]
    assert started.returncode == 0, started.stderr
    assert "doorward runs at http://localhost:" in started.stdout


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Yield a project whose PostgreSQL has a small disk."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL_DISK, encoding="utf-8")
    with a_project(folder) as made:
        made.write(f"SECRET_KEY={made.password}{made.password[::-1]}", *COMPOSE_SETTINGS)
        started = made.compose((*PLAIN, str(folder / "small.yaml")), "up", "--detach", "--wait")
        assert started.returncode == 0, started.stderr
        yield made


async def test_writes_to_a_full_disk_are_refused_and_nothing_is_lost(small_disk: Project) -> None:
    client = client_of(small_disk)
    _, tokens = await client.register_and_log_in()

    async def store() -> int:
        body = {"title": "Casablanca", "description": secrets.token_urlsafe(ONE_ITEM)[:9000]}
        return (await client.items(tokens.access, "POST", json=body)).status_code

    small_disk.in_database("sh", "-c", FILL)
    answers = [await store() for _ in range(20)]
    assert set(answers) <= {201, 503}
    assert answers[-1] == 503
    assert (await client.get_me(tokens.access)).status_code == 200
    small_disk.in_database("rm", "/var/lib/postgresql/data/filler")
    assert await store() == 201
    listed = (await client.items(tokens.access)).json()["items"]
    assert len(listed) == answers.count(201) + 1
    assert (await client.post_refresh(tokens.refresh)).status_code == 200
