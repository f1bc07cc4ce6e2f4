"""What the peers need: Python packages in an environment of their own, and Node's and Debian's. All outside git."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.installation import DEVELOPMENT, install, python_of
from benchmarks.plan import say

PEERS: Final = Path(__file__).parent
INSTALLED: Final = DEVELOPMENT / "peers"
PYTHON_FOLDER: Final = INSTALLED / "python"
NODE_FOLDER: Final = INSTALLED / "node"
NODE_FILES: Final = ("package.json", "package-lock.json", "server.mjs")
GLEWLWYD_FOLDER: Final = INSTALLED / "glewlwyd"
GLEWLWYD_KEYS: Final = ("private-rsa.key", "public-rsa.pem")
DEBIAN_PACKAGES: Final = ("glewlwyd", "dbconfig-no-thanks")
"""The second so that none is asked for that sets up a database."""


@cache
def install_python_peers() -> Path:
    """Bring their environment to the lock; return its interpreter. Raises ``SystemExit`` when that fails."""
    return python_of(PEERS, PYTHON_FOLDER)


def install_better_auth() -> Path | None:
    """Install it as locked; return the program, or None without Node. Raises ``SystemExit`` when that fails."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    source, program = PEERS / "better_auth", NODE_FOLDER / "server.mjs"
    if not _is_current(source):
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        for name in NODE_FILES:
            shutil.copy(source / name, NODE_FOLDER / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        install(command, NODE_FOLDER, os.environ)
        # Last, so that an installation that was broken off is done again.
        shutil.copy(source / "package-lock.json", NODE_FOLDER / "installed.json")
    shutil.copy(source / "server.mjs", program)
    return program


def install_glewlwyd() -> Path | None:
    """Unpack it and what it needs that this machine lacks, and make its keys; return the folder.

    None, and a line that says why, where apt, dpkg or openssl is missing or fails: apt knows packages only after
    ``apt-get update``.
    """
    if GLEWLWYD_FOLDER.exists():
        return GLEWLWYD_FOLDER
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED) as folder:
        try:
            _unpack_glewlwyd(Path(folder))
        except OSError as error:
            say(f"glewlwyd is left out: {error}")
            return None
        except subprocess.CalledProcessError as error:
            say(f"glewlwyd is left out: {error.cmd[0]} says {error.stderr.strip()}")
            return None
        # Last, so that an installation that was broken off is done again.
        (Path(folder) / "root").rename(GLEWLWYD_FOLDER)
    return GLEWLWYD_FOLDER


def _unpack_glewlwyd(folder: Path) -> None:
    """Do so in ``root`` there, and change nothing else on the machine."""
    simulation = ("apt-get", "install", "--simulate", "--reinstall", "--no-install-recommends", *DEBIAN_PACKAGES)
    lacking = [line.split()[1] for line in _output(folder, *simulation).splitlines() if line.startswith("Inst ")]
    _output(folder, "apt-get", "download", *lacking)
    for package in folder.glob("*.deb"):
        _output(folder, "dpkg", "--extract", package.name, "root")
    private, public = (f"root/{name}" for name in GLEWLWYD_KEYS)
    _output(folder, "openssl", "genrsa", "-out", private, "4096")
    _output(folder, "openssl", "rsa", "-in", private, "-outform", "PEM", "-pubout", "-out", public)


def _output(folder: Path, *command: str) -> str:
    return subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True).stdout


def _is_current(source: Path) -> bool:
    installed = NODE_FOLDER / "installed.json"
    return installed.exists() and installed.read_bytes() == (source / "package-lock.json").read_bytes()
