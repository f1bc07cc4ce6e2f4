"""`doorward import-users` and `export-users`: files of other systems from a shell."""

import json
import re
import sys
from pathlib import Path
from typing import Final

import psycopg
import pytest

from doorward.commands.main import main
from tests.unit.administration import foreign_exports

FILE: Final = "email,username,roles\nada@example.com,ada,\ngrace@example.com,grace,superuser\nno address,x,\n"


@pytest.fixture(autouse=True)
def database(environment: pytest.MonkeyPatch, own_database: str) -> str:
    environment.setenv("DATABASE_URL", own_database)
    return own_database


def emails(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT email FROM users ORDER BY email")]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_users_are_stored_and_skipped_ones_reported_by_code_and_line(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, report = write(tmp_path / "users.csv", FILE), tmp_path / "report.ndjson"
    assert main(["import-users", str(path), "--format", "csv", "--report", str(report)]) == 1
    assert emails(database) == ["ada@example.com"]
    printed = capsys.readouterr()
    assert printed.out == "doorward: 1 users stored, 0 were stored before, 2 left out\n"
    assert printed.err == "users.csv\ndoorward: 1 lines: invalid_email\ndoorward: 1 lines: unknown_role\n"
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert sorted(lines, key=lambda line: line["line"]) == [
        {"line": 3, "code": "unknown_role"},
        {"line": 4, "code": "invalid_email"},
    ]


def test_the_exit_status_depends_on_whether_all_some_or_none_are_stored(database: str, tmp_path: Path) -> None:
    all_of_them = write(tmp_path / "all.csv", "email,external_id\nada@example.com,1\n")
    none = write(tmp_path / "none.csv", "email,external_id\nno address,1\n")
    some = write(tmp_path / "some.csv", "email,external_id\nada@example.com,1\ngrace@example.com,1\n")
    empty = write(tmp_path / "empty.csv", "email\n")
    statuses = [main(["import-users", str(path), "--format", "csv"]) for path in (none, all_of_them, all_of_them, some)]
    assert statuses == [2, 0, 0, 1]
    assert main(["import-users", str(empty), "--format", "csv"]) == 2
    assert emails(database) == ["ada@example.com"]


def test_a_dry_run_stores_nothing(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "users.csv", FILE)
    assert main(["import-users", str(path), "--format", "csv", "--dry-run"]) == 1
    assert emails(database) == []
    assert capsys.readouterr().out == "doorward: 1 users would be stored, 0 were stored before, 2 left out\n"


def test_a_conflict_can_end_the_import(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "users.csv", "email,username\nada@example.com,ada\ngrace@example.com,ADA\n")
    assert main(["import-users", str(path), "--format", "csv", "--on-conflict", "fail"]) == 2
    assert emails(database) == []
    assert "conflicts with one that exists" in capsys.readouterr().err


def test_ids_of_keycloak_are_kept_on_request(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "realm.json", foreign_exports.keycloak())
    assert main(["import-users", str(path), "--format", "keycloak", "--keep-ids"]) == 0
    with psycopg.connect(database) as connection:
        ids = {str(row[0]) for row in connection.execute("SELECT id FROM users")}
    assert {foreign_exports.ADA_ID, foreign_exports.GRACE_ID} < ids


def test_parameters_of_firebase_are_settings(
    environment: pytest.MonkeyPatch, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "users.json", foreign_exports.firebase())
    assert main(["import-users", str(path), "--format", "firebase"]) == 1
    assert "1 lines: hash_needs_signer_key" in capsys.readouterr().err
    environment.setenv("FIREBASE_SIGNER_KEY", "QUJD" * 16)
    environment.setenv("FIREBASE_MEM_COST", "13")
    environment.setenv("FIREBASE_SALT_SEPARATOR", "Qw==")
    assert main(["import-users", str(path), "--format", "firebase"]) == 0
    with psycopg.connect(database) as connection:
        hashes = [row[0] for row in connection.execute("SELECT password_hash FROM users ORDER BY email")]
    assert hashes[0].startswith("$firebase-scrypt$ln=13,r=8$Qw$")
    assert hashes[1] is None


def test_at_a_terminal_a_progress_bar_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    path = write(tmp_path / "users.csv", "email\n" + "".join(f"p{number}@example.com\n" for number in range(1_200)))
    assert main(["import-users", str(path), "--format", "csv"]) == 0
    assert re.search(r"users\.csv  \[#+\]  100%", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("email,username\n".encode("utf-16"), "The file is UTF-16. Save it as UTF-8."),
        ("name\nada\n", "The first line does not name the columns"),
        ('email\n"ada@example.com', "The file cannot be read any further"),
    ],
)
def test_a_malformed_file_is_refused_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, message: str
) -> None:
    assert main(["import-users", str(write(tmp_path / "users.csv", content)), "--format", "csv"]) == 2
    assert f"doorward: {message}" in capsys.readouterr().err


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-users", str(tmp_path / "gone.csv"), "--format", "csv"]) == 1
    assert capsys.readouterr().err.endswith(
        "gone.csv: No such file or directory. Name files that can be read and written\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device without space")
def test_a_report_on_a_full_disk_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "users.csv", FILE)
    assert main(["import-users", str(path), "--format", "csv", "--report", "/dev/full"]) == 1
    assert capsys.readouterr().err.endswith(
        "doorward: /dev/full: No space left on device. Name files that can be read and written\n"
    )


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
def test_an_export_is_readable_only_by_its_owner_and_can_be_imported(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    main(["import-users", str(write(tmp_path / "users.csv", FILE)), "--format", "csv"])
    output = tmp_path / "export"
    assert main(["export-users", "--output", str(output), "--format", format_, "--with-hashes"]) == 0
    assert capsys.readouterr().out.endswith("doorward: 1 users exported\n")
    assert output.stat().st_mode & 0o777 == 0o600
    assert main(["import-users", str(output), "--format", format_, "--keep-ids", "--on-conflict", "fail"]) == 0
    assert emails(database) == ["ada@example.com"]


def test_an_export_does_not_overwrite_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = write(tmp_path / "export", "precious")
    assert main(["export-users", "--output", str(output)]) == 1
    assert output.read_text(encoding="utf-8") == "precious"
    assert capsys.readouterr().err.endswith("export: File exists. Name a file that can be made\n")


def test_a_failed_export_leaves_no_file(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE users RENAME TO people")
    output = tmp_path / "export"
    assert main(["export-users", "--output", str(output)]) == 1
    assert not output.exists()
    assert "run it again" in capsys.readouterr().err
