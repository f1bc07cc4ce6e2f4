"""Debian programs that some tests need.

If one is missing, its tests are skipped, and reported at the end of the run.
"""

import os
import shutil
from typing import Final

import pytest

NOT_EXERCISED: Final = "NOT exercised"
"""Part of each message about something missing; `tests/conftest.py` repeats these messages at the end of the run."""

SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
"""Not in every user's PATH."""


def find_program(name: str, package: str) -> str:
    """Return the path of a program; if it is not installed, skip the test, which the gate does not accept."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_FOLDERS}")
    if path is not None:
        return path
    message = f"What {name} checks was {NOT_EXERCISED}: it is not installed. With it: apt-get install {package}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
