"""`inv backup` and `inv restore` return the same data, and overwrite nothing by mistake."""

import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from development.backup import back_up, restore
from development.client import Person
from development.databases import AtUrl, TaskError
from development.postgres import EmbeddedPostgres
from doorward.commands.main import main
from tests.integration.service import MakeService, Service

ROOT = Path(__file__).parents[3]


def database_of(url: str) -> AtUrl:
    return AtUrl("the database of the test", url)


@pytest.fixture
async def saved(make_service: MakeService, own_database: str, tmp_path: Path) -> tuple[Service, Person, Path]:
    """Return a database with one account, and its backup."""
    service = await make_service(database_url=own_database)
    person = await service.register()
    file = tmp_path / "folder" / "doorward.dump"
    back_up(database_of(own_database), file)
    return service, person, file


def accounts(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT username FROM users ORDER BY username").fetchall()]


async def test_a_restored_database_equals_the_backed_up_one(
    saved: tuple[Service, Person, Path], make_service: MakeService
) -> None:
    service, person, file = saved
    later = await service.register()
    restore(database_of(service.database_url), file, overwrite=True)
    assert accounts(service.database_url) == [person.username]
    after = await make_service(database_url=service.database_url)
    assert (await after.client.get("/health/readiness")).status_code == 200
    await after.log_in(person)
    assert (await after.post_token(later.username, later.password)).status_code == 401


async def test_a_backup_can_be_restored_into_an_empty_database(
    saved: tuple[Service, Person, Path], empty_database: str
) -> None:
    _, person, file = saved
    restore(database_of(empty_database), file, overwrite=False)
    assert accounts(empty_database) == [person.username]


async def test_after_a_restore_and_the_end_of_all_sessions_older_tokens_are_invalid(
    make_service: MakeService, own_database: str, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    service = await make_service(database_url=own_database)
    person, ended = await service.register_and_log_in()
    living = await service.log_in(person)
    file = tmp_path / "doorward.dump"
    back_up(database_of(own_database), file)
    await service.post_revoke(ended.refresh)
    restore(database_of(own_database), file, overwrite=True)
    after = await make_service(database_url=own_database)
    assert (await after.get_me(ended.access)).status_code == 200, "end-all-sessions is needed to end it"
    environment.setenv("DATABASE_URL", own_database)
    # In a separate process like an operator's, because an event loop runs in this one.
    command = [sys.executable, "-m", "doorward", "end-all-sessions", "--yes"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221 - nothing else runs meanwhile
    for pair in (ended, living):
        assert (await after.get_me(pair.access)).status_code == 401
        assert (await after.post_refresh(pair.refresh)).status_code == 401


async def test_a_backup_is_readable_only_by_its_owner(saved: tuple[Service, Person, Path]) -> None:
    assert stat.S_IMODE(saved[2].stat().st_mode) == 0o600


async def test_a_backup_does_not_overwrite_a_file(saved: tuple[Service, Person, Path]) -> None:
    service, _, file = saved
    with pytest.raises(TaskError, match="exists"):
        back_up(database_of(service.database_url), file)


def test_a_failed_backup_leaves_no_file(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="no_such_database"):
        back_up(database_of(postgres.url("no_such_database")), tmp_path / "file")
    assert not (tmp_path / "file").exists()


async def test_accounts_are_overwritten_only_after_confirmation(saved: tuple[Service, Person, Path]) -> None:
    service, person, file = saved
    later = await service.register()
    with pytest.raises(TaskError, match="--yes"):
        restore(database_of(service.database_url), file, overwrite=False)
    assert accounts(service.database_url) == sorted([person.username, later.username])


async def test_a_table_missing_in_the_backup_stops_the_restore(saved: tuple[Service, Person, Path]) -> None:
    service, person, file = saved
    service.sql("CREATE TABLE of_another_application (id integer)")
    with pytest.raises(TaskError, match="of_another_application"):
        restore(database_of(service.database_url), file, overwrite=True)
    assert accounts(service.database_url) == [person.username]


async def test_a_damaged_backup_changes_nothing(saved: tuple[Service, Person, Path]) -> None:
    service, person, file = saved
    whole = file.read_bytes()
    for damaged, said in ((whole[: len(whole) // 3], "pg_restore: "), (b"no backup", "is not a backup: `inv backup`")):
        file.write_bytes(damaged)
        with pytest.raises(TaskError, match=said):
            restore(database_of(service.database_url), file, overwrite=True)
        assert accounts(service.database_url) == [person.username]


def test_a_missing_backup_is_reported(shared_database: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="there is no file"):
        restore(database_of(shared_database), tmp_path / "none", overwrite=True)


def test_both_commands_use_the_database_of_the_settings(
    own_database: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PYTHONPATH", str(ROOT))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "development.backup", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    written = run("backup")
    assert written.returncode == 0, written.stderr
    (file,) = (tmp_path / "backups").iterdir()
    assert f"the database that DATABASE_URL names is in backups/{file.name}" in written.stdout
    restored = run("restore", "--file", str(file))
    assert restored.returncode == 0, restored.stderr
    assert "doorward end-all-sessions --yes" in restored.stdout
    refused = run("restore", "--file", "none")
    assert (refused.returncode, refused.stderr) == (1, "inv restore: there is no file none\n")
    assert main(["prune"]) == 0


def test_the_database_of_inv_dev_is_found_whether_it_runs_or_not(tmp_path: Path) -> None:
    folder = Path(tmp_path / "postgres")
    with EmbeddedPostgres.at(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE seen (id integer)")
        with EmbeddedPostgres.at(folder) as same:
            assert database_of(same).ask("SELECT count(*) FROM seen") == ["0"]
    with EmbeddedPostgres.at(folder) as again:
        assert database_of(again).ask("SELECT count(*) FROM seen") == ["0"]
