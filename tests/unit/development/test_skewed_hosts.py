"""The files that libfaketime leaves behind when a signal ends a process."""

import os
from pathlib import Path

from development.proof.skewed_hosts import remove_leftovers

GONE = 2**22 + 1
"""Greater than any process ID."""


def test_only_files_of_ended_processes_are_removed(tmp_path: Path) -> None:
    kept = {f"faketime_shm_{os.getpid()}", f"sem.faketime_sem_{os.getpid()}", "another"}
    for name in (*kept, f"faketime_shm_{GONE}", f"sem.faketime_sem_{GONE}"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
