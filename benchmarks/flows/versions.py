"""Another version of the service beside this one: what a commit holds, in an environment of its own."""

import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from benchmarks.installation import DEVELOPMENT, ROOT, python_of, service_python

THIS: Final = "this version"


@dataclass(frozen=True)
class Version:
    """A name for the table, and the interpreter that has it installed."""

    name: str
    python: Path


def this_version() -> Version:
    """Return what the working tree holds."""
    return Version(THIS, service_python())


def version_at(commit: str) -> Version:
    """Install what a commit holds. Raises ``SystemExit`` when that fails."""
    commit_id = _git("rev-parse", "--verify", f"{commit}^{{commit}}").decode().strip()
    folder = DEVELOPMENT / "versions" / commit_id[:12]
    if not folder.exists():
        packed = _git("archive", commit_id)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    # All extras: which there are is that commit's matter, and none is loaded without its setting.
    python = python_of(folder, folder / ".environment", "--no-dev", "--no-editable", "--all-extras")
    return Version(f"version {commit_id[:12]}", python)


def _git(*arguments: str) -> bytes:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, check=True, cwd=ROOT, capture_output=True).stdout
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"git {arguments[0]} failed: {error.stderr.decode().strip()}") from error
