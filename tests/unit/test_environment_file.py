"""What `inv up` writes into `.env`: secrets that are nowhere else."""

import stat
from pathlib import Path

import pytest

from development.environment import ENVIRONMENT_FILE, GENERATED, KEY_FILE, KEY_STORE, ensure_secrets, is_set


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env.example").write_text("# SECRET_KEY_FILE=/not/said\nSECRET_KEY=\nPOSTGRES_PASSWORD=\n")
    return tmp_path


def test_secrets_are_made_once_and_only_their_owner_can_read_them() -> None:
    assert ensure_secrets() == list(GENERATED)
    written = ENVIRONMENT_FILE.read_text()
    assert all(is_set(name) for name in GENERATED)
    assert stat.S_IMODE(ENVIRONMENT_FILE.stat().st_mode) == 0o600
    assert ensure_secrets() == []
    assert ENVIRONMENT_FILE.read_text() == written


def test_what_is_there_stays() -> None:
    ENVIRONMENT_FILE.write_text("JWT_ISSUER=https://auth.example.com\nSECRET_KEY=mine\nPOSTGRES_PASSWORD=")
    assert ensure_secrets() == ["POSTGRES_PASSWORD"]
    assert ENVIRONMENT_FILE.read_text().startswith("JWT_ISSUER=https://auth.example.com\nSECRET_KEY=mine\n")


@pytest.mark.parametrize("elsewhere", [f"{KEY_FILE}=/etc/doorward/key", f"{KEY_STORE}=doorward/production"])
def test_no_key_is_made_beside_one_that_is_kept_elsewhere(elsewhere: str) -> None:
    ENVIRONMENT_FILE.write_text(f"{elsewhere}\n")
    assert ensure_secrets() == ["POSTGRES_PASSWORD"]
    assert not is_set("SECRET_KEY")
