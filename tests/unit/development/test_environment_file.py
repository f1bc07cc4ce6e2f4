"""`inv up` writes missing secrets into `.env`."""

import stat
from pathlib import Path

import pytest

from development.environment import (
    ENVIRONMENT_FILE,
    GENERATED,
    KEY_FILE,
    KEY_STORE,
    EnvironmentFileError,
    ensure_secrets,
    is_set,
    main,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env.example").write_text("# SECRET_KEY_FILE=/not/said\nSECRET_KEY=\nPOSTGRES_PASSWORD=\n")
    return tmp_path


def test_secrets_are_generated_once_and_only_their_owner_can_read_them() -> None:
    assert ensure_secrets() == list(GENERATED)
    written = ENVIRONMENT_FILE.read_text()
    assert all(is_set(name) for name in GENERATED)
    assert stat.S_IMODE(ENVIRONMENT_FILE.stat().st_mode) == 0o600
    assert ensure_secrets() == []
    assert ENVIRONMENT_FILE.read_text() == written


def test_existing_values_are_kept() -> None:
    ENVIRONMENT_FILE.write_text("JWT_ISSUER=https://auth.example.com\nSECRET_KEY=mine\nPOSTGRES_PASSWORD=")
    assert ensure_secrets() == ["POSTGRES_PASSWORD"]
    assert ENVIRONMENT_FILE.read_text().startswith("JWT_ISSUER=https://auth.example.com\nSECRET_KEY=mine\n")


@pytest.mark.parametrize("elsewhere", [f"{KEY_FILE}=/etc/doorward/key", f"{KEY_STORE}=doorward/production"])
def test_no_key_is_generated_if_one_is_stored_elsewhere(elsewhere: str) -> None:
    ENVIRONMENT_FILE.write_text(f"{elsewhere}\n")
    assert ensure_secrets() == ["POSTGRES_PASSWORD"]
    assert not is_set("SECRET_KEY")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o755])
@pytest.mark.parametrize("text", ["SECRET_KEY=\nPOSTGRES_PASSWORD=\n", "SECRET_KEY=mine\nPOSTGRES_PASSWORD=mine\n"])
def test_a_file_that_others_can_read_is_restricted_to_its_owner_and_reported(
    capsys: pytest.CaptureFixture[str], mode: int, text: str
) -> None:
    ENVIRONMENT_FILE.write_text(text)
    ENVIRONMENT_FILE.chmod(mode)
    assert main() == 0
    assert not stat.S_IMODE(ENVIRONMENT_FILE.stat().st_mode) & 0o077
    assert "others could read .env" in capsys.readouterr().out
    assert main() == 0
    assert capsys.readouterr().out == ""


def test_a_file_that_others_opened_before_never_contains_the_secrets(folder: Path) -> None:
    ENVIRONMENT_FILE.write_text("SECRET_KEY=\nPOSTGRES_PASSWORD=\n")
    ENVIRONMENT_FILE.chmod(0o644)
    with ENVIRONMENT_FILE.open(encoding="utf-8") as opened:
        ensure_secrets()
        assert opened.read() == "SECRET_KEY=\nPOSTGRES_PASSWORD=\n"
    assert sorted(path.name for path in folder.iterdir()) == [".env", ".env.example"]


@pytest.mark.parametrize("is_there", [True, False])
def test_no_secret_is_written_through_a_symbolic_link(
    capsys: pytest.CaptureFixture[str], folder: Path, *, is_there: bool
) -> None:
    target = folder / "elsewhere"
    if is_there:
        target.write_text("SECRET_KEY=\n")
    ENVIRONMENT_FILE.symlink_to(target)
    with pytest.raises(EnvironmentFileError):
        ensure_secrets()
    assert main() == 1
    assert "symbolic link" in capsys.readouterr().err
    assert target.exists() == is_there
    assert not is_there or target.read_text() == "SECRET_KEY=\n"
