"""What the peers need: an environment of their own, and packages for Node. Below .development, outside git."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent
INSTALLED: Final = PEERS.parents[1] / ".development" / "peers"
PYTHON_FOLDER: Final = INSTALLED / "python"
NODE_FOLDER: Final = INSTALLED / "node"
NODE_FILES: Final = ("package.json", "package-lock.json", "server.mjs")


@cache
def install_python_peers() -> Path:
    """Bring their environment to the lock; return its interpreter. Raises ``SystemExit`` when that fails."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = ["uv", "sync", "--quiet", "--locked", "--project", str(PEERS)]
    _run(command, PEERS, {**environment, "UV_PROJECT_ENVIRONMENT": str(PYTHON_FOLDER)})
    return PYTHON_FOLDER / "bin" / "python"


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
        _run(command, NODE_FOLDER, os.environ)
        # Last, so that an installation that was broken off is done again.
        shutil.copy(source / "package-lock.json", NODE_FOLDER / "installed.json")
    shutil.copy(source / "server.mjs", program)
    return program


def _is_current(source: Path) -> bool:
    installed = NODE_FOLDER / "installed.json"
    return installed.exists() and installed.read_bytes() == (source / "package-lock.json").read_bytes()


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    try:
        subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"{command[0]} could not install the peers; --no-peers measures without them") from error
