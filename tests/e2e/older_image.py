"""An image of an older version of the service: its code from this repository's history, on the current image."""

import contextlib
import importlib
import io
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.image_companions import LABELS
from tests.e2e.image_stack import IMAGE
from tests.programs import NOT_EXERCISED

ROOT: Final = Path(__file__).parents[2]
SCHEMA_0010: Final = "9d0c60767586"
"""The last commit with schema 0010. After the first release, use the commit of the previous version."""

VERSION_0_1: Final = "140b7c402fb0"
"""Version 0.1, schema 0003."""

DOCKERFILE: Final = f"""\
FROM {IMAGE}
COPY src /older
ENV PYTHONPATH=/older
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
"""
"""Uses that version's command line: the settings HOST and PORT of the current image are newer."""


@contextlib.contextmanager
def older_image(commit: str, *, modules: Sequence[str] = ()) -> Iterator[str]:
    """Yield the name of an image with the code of a commit; skip if the history lacks it.

    ``modules`` are packages of one file that the code needs, and the current image no longer has.
    """
    if _git("cat-file", "-e", commit).returncode != 0:
        pytest.skip(f"An upgrade was {NOT_EXERCISED}: the history lacks {commit}. With it: git fetch --unshallow")
    archive = _git("archive", "--format=tar", commit, "src")
    name = f"doorward:older-{secrets.token_hex(4)}"
    labels = [part for label, value in LABELS.items() for part in ("--label", f"{label}={value}")]
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive.stdout)) as code:
        code.extractall(folder, filter="data")
        for module in modules:
            shutil.copy(str(importlib.import_module(module).__file__), Path(folder) / "src")
        (Path(folder) / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        build = ["docker", "build", "--quiet", "--tag", name, *labels, folder]
        subprocess.run(build, check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run(["docker", "image", "rm", "--force", name], check=True, capture_output=True)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], check=False, capture_output=True, cwd=ROOT)
