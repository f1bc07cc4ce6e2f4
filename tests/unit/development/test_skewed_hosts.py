"""What libfaketime leaves behind of processes that a signal ended."""

import os
from pathlib import Path

from development.proof.skewed_hosts import remove_leftovers

GONE = 2**22 + 1
"""More than any number of a process."""


def test_what_is_left_of_a_process_that_is_gone_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {f"faketime_shm_{os.getpid()}", f"sem.faketime_sem_{os.getpid()}", "another"}
    for name in (*kept, f"faketime_shm_{GONE}", f"sem.faketime_sem_{GONE}"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
