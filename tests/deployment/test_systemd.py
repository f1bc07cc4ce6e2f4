"""deploy/systemd, checked by systemd's own tools: the units are valid, and their services have few rights."""

import re
import secrets
import subprocess
from pathlib import Path
from typing import Final

import pytest

from doorward.settings.config import FIELDS, settings_from
from doorward.wiring.stopping import GRACE_SECONDS
from tests.programs import find_program

FOLDER: Final = Path("deploy/systemd").resolve()
UNITS: Final = sorted(path.name for path in FOLDER.glob("*.service"))
PROGRAM: Final = "/opt/doorward/bin/doorward"
EXPOSURE: Final = 10
"""The maximum exposure in `systemd-analyze security`, in tenths, from 0 to 100. An unhardened unit has 96."""


@pytest.fixture(scope="module")
def systemd_analyze() -> str:
    return find_program("systemd-analyze", "systemd")


def text_of(unit: str) -> str:
    return (FOLDER / unit).read_text(encoding="utf-8")


def value(unit: str, name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", text_of(unit), re.MULTILINE)
    return str(found)


def test_these_units_exist() -> None:
    assert UNITS == ["doorward-migrate.service", "doorward-worker.service", "doorward.service"]


def test_systemd_accepts_the_units(systemd_analyze: str, tmp_path: Path) -> None:
    # systemd checks that the program exists.
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
def test_the_exposure_of_each_unit_is_low(systemd_analyze: str, unit: str) -> None:
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


def test_all_units_have_the_same_hardening() -> None:
    # The hardening begins at this comment; the lines before it differ between units.
    hardened = {text_of(unit).partition("# User and settings")[2].partition("[Install]")[0].strip() for unit in UNITS}
    assert len(hardened) == 1
    assert "NoNewPrivileges=yes" in hardened.pop()


def test_each_unit_runs_its_command_after_the_migration() -> None:
    assert [value(unit, "ExecStart").removeprefix(f"{PROGRAM} ") for unit in UNITS] == [
        "migrate",
        "worker",
        "serve --host 127.0.0.1 --port 8080",
    ]
    for unit in ("doorward.service", "doorward-worker.service"):
        assert "Requires=doorward-migrate.service\nAfter=doorward-migrate.service" in text_of(unit)


def test_the_stop_timeout_covers_the_drain_and_the_last_requests() -> None:
    assert value("doorward.service", "KillMode") == "mixed"
    drain = FIELDS["shutdown_drain_seconds"].default
    assert int(value("doorward.service", "TimeoutStopSec")) >= drain + GRACE_SECONDS
    assert int(value("doorward-worker.service", "TimeoutStopSec")) >= GRACE_SECONDS


def test_the_environment_file_contains_valid_settings() -> None:
    lines = (FOLDER / "doorward.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))
    assert {name.lower() for name in settings} <= set(FIELDS)
    settings_from(
        {name.lower(): text.strip('"') for name, text in settings.items()} | {"secret_key": secrets.token_urlsafe(48)}
    )
