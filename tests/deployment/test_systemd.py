"""deploy/systemd, by systemd's own tools: the units are right, and they leave the service little to touch."""

import re
import secrets
import subprocess
from pathlib import Path
from typing import Final

import pytest

from doorward.server.worker import GRACE_SECONDS
from doorward.settings.config import FIELDS, settings_from
from tests.programs import find_program

FOLDER: Final = Path("deploy/systemd").resolve()
UNITS: Final = sorted(path.name for path in FOLDER.glob("*.service"))
PROGRAM: Final = "/opt/doorward/bin/doorward"
EXPOSURE: Final = 10
"""In tenths: what `systemd-analyze security` may find at most, from 0 to 100. An unhardened unit has 96."""


@pytest.fixture(scope="module")
def systemd_analyze() -> str:
    return find_program("systemd-analyze", "systemd")


def text_of(unit: str) -> str:
    return (FOLDER / unit).read_text(encoding="utf-8")


def value(unit: str, name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", text_of(unit), re.MULTILINE)
    return str(found)


def test_the_units_are_these() -> None:
    assert UNITS == ["doorward-migrate.service", "doorward-worker.service", "doorward.service"]


def test_systemd_accepts_them(systemd_analyze: str, tmp_path: Path) -> None:
    # A program that is there: systemd looks for it.
    for unit in UNITS:
        (tmp_path / unit).write_text(text_of(unit).replace(PROGRAM, "/bin/true"), encoding="utf-8")
    checked = subprocess.run(
        [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", *(str(tmp_path / unit) for unit in UNITS)],
        check=False,
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_little_exposed(systemd_analyze: str, unit: str) -> None:
    command = [
        systemd_analyze,
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE}",
        "--no-pager",
        str(FOLDER / unit),
    ]
    judged = subprocess.run(command, check=False, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout


def test_all_are_hardened_alike() -> None:
    # From the comment on: what is before it is each unit's own.
    hardened = {text_of(unit).partition("# Who it is")[2].partition("[Install]")[0].strip() for unit in UNITS}
    assert len(hardened) == 1


def test_each_runs_its_command_once_the_schema_is_current() -> None:
    assert [value(unit, "ExecStart").removeprefix(f"{PROGRAM} ") for unit in UNITS] == [
        "migrate",
        "worker",
        "serve --host 127.0.0.1 --port 8080",
    ]
    for unit in ("doorward.service", "doorward-worker.service"):
        assert "Requires=doorward-migrate.service\nAfter=doorward-migrate.service" in text_of(unit)


def test_the_service_is_killed_only_after_its_drain_and_its_last_calls() -> None:
    assert value("doorward.service", "KillMode") == "mixed"
    drain = FIELDS["shutdown_drain_seconds"].default
    assert int(value("doorward.service", "TimeoutStopSec")) >= drain + GRACE_SECONDS
    assert int(value("doorward-worker.service", "TimeoutStopSec")) >= GRACE_SECONDS


def test_the_settings_that_come_with_them_are_settings() -> None:
    lines = (FOLDER / "doorward.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))
    assert {name.lower() for name in settings} <= set(FIELDS)
    settings_from(
        {name.lower(): text.strip('"') for name, text in settings.items()} | {"secret_key": secrets.token_urlsafe(48)}
    )
