"""What the peers need: an environment of their own, and packages for Node. Below .development, outside git."""

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.installation import DEVELOPMENT, install, python_of

PEERS: Final = Path(__file__).parent
INSTALLED: Final = DEVELOPMENT / "peers"
PYTHON_FOLDER: Final = INSTALLED / "python"
NODE_FOLDER: Final = INSTALLED / "node"
NODE_FILES: Final = ("package.json", "package-lock.json", "server.mjs")


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


def _is_current(source: Path) -> bool:
    installed = NODE_FOLDER / "installed.json"
    return installed.exists() and installed.read_bytes() == (source / "package-lock.json").read_bytes()
