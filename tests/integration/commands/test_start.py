"""During the start, garbage collection is off, and no unused modules are loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEADLINE = 60

START = """
import gc, json, sys
from doorward.__main__ import main

collects = {}

class Watcher:
    def find_spec(name, *_):
        if name == "psycopg":
            collects["meanwhile"] = gc.isenabled()

sys.meta_path.insert(0, Watcher)
sys.argv[1:] = ["check-config"]
assert main() == 0
collects["afterwards"] = gc.isenabled()
from doorward.wiring.application import app_from_environment
app_from_environment()
collects["while serving"] = gc.isenabled()
unneeded = {"alembic", "limits", "prometheus_client", "redis", "sqlalchemy"}
print(json.dumps([collects, gc.get_freeze_count() > 0, sorted(unneeded & sys.modules.keys())]))
"""

WITH_A_WORKER = """
import gc, multiprocessing, sys
from doorward.__main__ import main

def tell_whether_it_collects():
    sys.exit(0 if gc.isenabled() else 1)

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=tell_whether_it_collects)
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
"""
"""Like the installed command: a worker loads its parent's script, and does not call ``main``."""


def test_garbage_collection_is_off_during_imports_and_no_unused_module_is_loaded(
    environment: pytest.MonkeyPatch,
) -> None:
    del environment
    finished = subprocess.run(
        [sys.executable, "-c", START], check=True, timeout=DEADLINE, capture_output=True, text=True
    )
    collects, is_frozen, in_vain = json.loads(finished.stdout.splitlines()[-1])
    assert collects == {"meanwhile": False, "afterwards": True, "while serving": True}
    assert is_frozen
    assert in_vain == []


def test_workers_collect_garbage(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(WITH_A_WORKER, encoding="utf-8")
    assert subprocess.run([sys.executable, str(script)], check=False, timeout=DEADLINE).returncode == 0
