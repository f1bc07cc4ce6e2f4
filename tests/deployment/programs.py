"""Programs of Debian that the tests of this folder start. Tests of missing ones are left out, and fail in the gate."""

import os
import shutil
from typing import Final, NoReturn

import pytest

FOLDERS: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Servers are in folders that the PATH of users does not have."""


def leave_out(what: str, remedy: str) -> NoReturn:
    """Skip the test, or fail where CI is set."""
    if "CI" in os.environ:
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing: {remedy}")


def program(name: str) -> str:
    """Return the path of a program whose package has its name."""
    path = shutil.which(name, path=FOLDERS)
    if path is None:
        leave_out(name, f"apt-get install {name}")
    return path
