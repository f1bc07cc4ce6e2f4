"""The embedded PostgreSQL of `inv dev` in folders with unusual names and depths."""

import stat
import tempfile
from pathlib import Path

import psycopg
import pytest

from development.postgres import EmbeddedPostgres, PostgresError


@pytest.mark.parametrize(
    "folder", ["with a space", "x" * 120, 'it\'s, "quoted"'], ids=["a space", "a long path", "quotes and a comma"]
)
def test_postgresql_starts_in_any_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    temporary = tmp_path / folder
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    data = tmp_path / "a data folder"
    with EmbeddedPostgres(data, durable=False) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []


def test_a_failed_start_reports_its_cause(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EmbeddedPostgres(data, durable=False):
        pass
    with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("shared_buffers = 'no number'\n")
    with pytest.raises(PostgresError, match=r"configuration file .* contains errors"), EmbeddedPostgres(data):
        pass
