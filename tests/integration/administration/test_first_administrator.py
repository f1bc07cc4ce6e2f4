"""The documented steps from an empty production database to the first call of administration."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from development.proof.service import proof_settings, running_service
from development.second_factor import application_of

PAGE = Path(__file__).parents[3] / "docs" / "administration.md"
PASSWORD = "correct horse battery"


@pytest.fixture
def settings(own_database: str) -> dict[str, str]:
    return proof_settings(own_database, ENVIRONMENT="production", BCRYPT_ROUNDS="10")


@pytest.fixture
def url(settings: dict[str, str]) -> Iterator[str]:
    with running_service(settings) as address:
        yield address


def commands() -> list[str]:
    """Return the commands of the page, one per line."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (block,) = [each for each in blocks if "$ACCESS_TOKEN" in each]
    return str(block).strip().split("\n")


class Shell:
    """The operator's shell, which runs the commands in turn and keeps the variables that the page sets."""

    def __init__(self, settings: dict[str, str], url: str, folder: Path) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._variables = {**settings, "PATH": path, "URL": url}
        self._folder = folder

    def run(self, command: str) -> dict[str, Any]:
        """Return the response of a call, or nothing for a command without output."""
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command],
            cwd=self._folder,
            env=self._variables,
            capture_output=True,
            text=True,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout) if "curl" in command else {}
        self._variables.update({name.upper(): answer[name] for name in ("access_token", "token") if name in answer})
        if "secret" in answer:
            self._variables["CODE"] = application_of(answer["secret"]).now()
        return answer


def test_the_documented_steps_lead_to_the_first_call_of_administration(
    settings: dict[str, str], url: str, tmp_path: Path
) -> None:
    (tmp_path / "password.txt").write_text(f"{PASSWORD}\nanother line\n", encoding="utf-8")
    shell = Shell(settings, url, tmp_path)
    *first, last = commands()
    create, log_in, enrol, confirm = first
    assert shell.run(create) == {}
    assert shell.run(log_in)["token_type"] == "bearer"
    # Without a factor, administration reports what is missing and where to set it up.
    refusal = shell.run(last)
    assert (refusal["code"], "/account/second-factors/totp" in refusal["detail"]) == ("second_factor_needed", True)
    assert "otpauth://totp/" in shell.run(enrol)["uri"]
    assert len(shell.run(confirm)["recovery_codes"]) == 10
    assert [user["username"] for user in shell.run(last)["users"]] == ["ada"]
    # After that, the password alone is not enough.
    assert shell.run(log_in)["code"] == "second_factor_required"
