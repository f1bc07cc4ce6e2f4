"""Another version of the service: the code of a commit, in its own environment."""

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
    """A name for the table, and an interpreter with this version installed."""

    name: str
    python: Path


def this_version() -> Version:
    """Return the version in the working tree."""
    return Version(THIS, service_python())


def version_at(commit: str) -> Version:
    """Install the version of a commit. Raises ``SystemExit`` when that fails."""
    commit_id = _git("rev-parse", "--verify", f"{commit}^{{commit}}").decode().strip()
    folder = DEVELOPMENT / "versions" / commit_id[:12]
    if not folder.exists():
        packed = _git("archive", commit_id)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    # All extras: each commit has its own list, and an extra is loaded only with its setting.
    python = python_of(folder, folder / ".environment", "--no-dev", "--no-editable", "--all-extras")
    return Version(f"version {commit_id[:12]}", python)


def _git(*arguments: str) -> bytes:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, check=True, cwd=ROOT, capture_output=True).stdout
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"git {arguments[0]} failed: {error.stderr.decode().strip()}") from error
