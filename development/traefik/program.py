"""The location of the program, and its build."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parent
"""Contains go.mod and go.sum, which are written by Go."""

INSTALLED: Final = Path(__file__).parents[2] / ".development" / "traefik"
PROGRAM: Final = INSTALLED / "traefik"
MODULE: Final = "github.com/traefik/traefik/v3/cmd/traefik"


def install() -> Path:
    """Build the locked version; return the program. Raises ``OSError`` or ``CalledProcessError`` if that fails."""
    if not is_built():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-buildvcs=false", "-o", str(PROGRAM), MODULE], cwd=SOURCE, check=True)
        # Copy this file last, so that an interrupted build is repeated.
        shutil.copy(SOURCE / "go.sum", INSTALLED / "go.sum")
    return PROGRAM


def is_built() -> bool:
    """Return whether the program was built from the current lock file."""
    built = INSTALLED / "go.sum"
    return built.exists() and built.read_bytes() == (SOURCE / "go.sum").read_bytes()
