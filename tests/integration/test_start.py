"""What a start does without."""

import json
import subprocess
import sys

import pytest

DEADLINE = 60
SCRIPT = """
import gc, json, sys
from doorward import __main__ as command
from doorward import bootstrap

facts = {"collects while importing": gc.isenabled()}
command.cli.main = lambda: facts.update({"collects afterwards": gc.isenabled(), "is frozen": gc.get_freeze_count() > 0})
command.main()
bootstrap.app_from_environment()
unneeded = {"alembic", "limits", "prometheus_client", "redis", "sqlalchemy"}
facts["loaded"] = sorted(unneeded & sys.modules.keys())
print(json.dumps(facts))
"""


def test_a_start_collects_no_garbage_among_modules_and_loads_what_it_needs(environment: pytest.MonkeyPatch) -> None:
    del environment
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, timeout=DEADLINE, capture_output=True, text=True
    )
    assert json.loads(finished.stdout.splitlines()[-1]) == {
        "collects while importing": False,
        "collects afterwards": True,
        "is frozen": True,
        "loaded": [],
    }
