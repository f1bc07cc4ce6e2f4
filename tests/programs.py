"""Programs of Debian that some tests run. Where one is missing, those are skipped, and the end of the run says so."""

import os
import shutil
from typing import Final

import pytest

NOT_EXERCISED: Final = "NOT exercised"
"""What each message about something missing says; `tests/conftest.py` repeats it at the end of the run."""

SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
"""Not in every user's PATH."""


def find_program(name: str, package: str) -> str:
    """Return where a program is; skip the test where it is not installed, which the gate does not accept."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_FOLDERS}")
    if path is not None:
        return path
    message = f"What {name} checks was {NOT_EXERCISED}: it is not installed. With it: apt-get install {package}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
