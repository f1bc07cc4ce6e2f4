"""`doorward import-items` imports files with the use case of the API."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from development.client import Person
from doorward.commands.errors import REMEDIES
from doorward.commands.main import main
from tests.integration.service import Service


@pytest.fixture
async def owner(service: Service) -> Person:
    return await service.register()


@pytest.fixture
async def owner_alone(service_alone: Service) -> Person:
    """Return the only user of a database whose tables the test may change."""
    return await service_alone.register()


@pytest.fixture(autouse=True)
def database(environment: pytest.MonkeyPatch, shared_database: str) -> None:
    environment.setenv("DATABASE_URL", shared_database)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    path = tmp_path / "films.csv"
    path.write_text("title,year\nCasablanca,1942\nMetropolis,long ago\nVertigo,1958\n", encoding="utf-8")
    return path


def _items_of(service: Service, owner: Person) -> list[tuple[str, str]]:
    rows = service.sql("SELECT title, visibility FROM items WHERE owner_id = %s ORDER BY title", owner.id)
    return [(row["title"], row["visibility"]) for row in rows]


def _import(path: Path, owner: str, *options: str) -> int:
    return main(["import-items", str(path), "--owner", owner, *options])


def test_a_file_becomes_the_items_of_its_owner(
    service: Service, owner: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "movies.csv"
    path.write_text("movieId,title,genres\n1,Casablanca (1942),Drama|Romance\n", encoding="utf-8")
    assert _import(path, owner.username.upper(), "--visibility", "shared") == 0
    assert _items_of(service, owner) == [("Casablanca", "shared")]
    printed = capsys.readouterr()
    assert printed.out == "doorward: 1 items imported, 0 updated, 0 unchanged, 0 lines left out\n"
    assert printed.err == "movies.csv\n"


def test_at_a_terminal_a_progress_bar_is_shown(
    owner: Person, films: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert _import(films, owner.username, "--skip-bad-lines") == 0
    assert re.search(r"films\.csv  \[#+\]  100%", capsys.readouterr().err)


def test_a_bad_line_is_reported_and_nothing_is_stored(
    service: Service, owner: Person, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _import(films, owner.email) == 1
    assert _items_of(service, owner) == []
    said = capsys.readouterr().err
    assert "or leave them out with --skip-bad-lines:\nline 3: A year must be a whole number" in said


def test_bad_lines_can_be_skipped(
    service: Service, owner: Person, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _import(films, owner.email, "--skip-bad-lines") == 0
    assert _items_of(service, owner) == [("Casablanca", "private"), ("Vertigo", "private")]
    printed = capsys.readouterr()
    assert printed.out == "doorward: 2 items imported, 0 updated, 0 unchanged, 1 lines left out\n"
    assert "doorward: line 3 left out: A year must be a whole number" in printed.err


@pytest.mark.parametrize("name", ["nobody-of-this-name", "nobody@example.com", "no such name"])
def test_an_owner_without_an_account_is_refused(films: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _import(films, name) == 1
    assert "There is no such user" in capsys.readouterr().err


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Restore the handler of SIGINT, which is ignored if a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt_at_the_lock(service: Service) -> None:
    """Send this process SIGINT when the import waits for the lock, with all its lines stored and not committed."""
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not service.sql(waiting):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("at_a_terminal")
def test_ctrl_c_prints_one_line_has_the_usual_status_and_stores_nothing(
    service_alone: Service,
    owner_alone: Person,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("DATABASE_URL", service_alone.database_url)
    service_alone.sql(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$
        """
    )
    service_alone.sql("CREATE TRIGGER waiting AFTER INSERT ON items FOR EACH STATEMENT EXECUTE FUNCTION wait()")
    path = tmp_path / "many.csv"
    path.write_text("title\n" + "Casablanca\n" * 10_000, encoding="utf-8")
    with psycopg.connect(service_alone.database_url) as other, ThreadPoolExecutor() as threads:
        other.execute("SELECT pg_advisory_xact_lock(1)")
        interrupted = threads.submit(_interrupt_at_the_lock, service_alone)
        assert _import(path, owner_alone.username) == 130
        interrupted.result()
    # click ends the line of the progress bar, or of ^C at a terminal.
    assert capsys.readouterr().err.splitlines() == ["many.csv", "", "doorward: interrupted"]
    assert _items_of(service_alone, owner_alone) == []


def test_each_remedy_is_worded_for_a_shell() -> None:
    for remedy in REMEDIES.values():
        assert not re.search(r"on_error|Retry-After|ETag|GET|POST|Send|the call", remedy)


def test_a_missing_file_is_reported_in_one_line(
    owner: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _import(tmp_path / "gone.csv", owner.username) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("gone.csv: No such file or directory. Name a file that can be read")


def test_a_database_without_the_table_is_refused_with_the_remedy(
    environment: pytest.MonkeyPatch, empty_database: str, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    assert _import(films, "somebody") == 1
    assert "Run: doorward migrate" in capsys.readouterr().err
