"""Where the program is, and how it is built."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parent
"""Has go.mod and go.sum, which Go writes."""

INSTALLED: Final = Path(__file__).parents[2] / ".development" / "traefik"
PROGRAM: Final = INSTALLED / "traefik"
MODULE: Final = "github.com/traefik/traefik/v3/cmd/traefik"


def install() -> Path:
    """Build it as locked; return the program. Raises ``OSError`` or ``CalledProcessError`` where that fails."""
    if not is_built():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-buildvcs=false", "-o", str(PROGRAM), MODULE], cwd=SOURCE, check=True)
        # Last, so that a build that was broken off is done again.
        shutil.copy(SOURCE / "go.sum", INSTALLED / "go.sum")
    return PROGRAM


def is_built() -> bool:
    """Tell whether the program is there, and that of the present lock."""
    built = INSTALLED / "go.sum"
    return built.exists() and built.read_bytes() == (SOURCE / "go.sum").read_bytes()
