"""Python environments for measurements, as locked. They are in .development, outside git."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DEVELOPMENT: Final = ROOT / ".development"


@cache
def service_python() -> Path:
    """Install the service without its development dependencies; return its interpreter.

    Raises ``SystemExit`` when that fails.
    """
    return python_of(
        ROOT,
        DEVELOPMENT / "service",
        "--no-dev",
        "--extra",
        "redis",
        "--extra",
        "mail",
        "--extra",
        "oauth",
        "--extra",
        "mfa",
        "--extra",
        "passkeys",
    )


def python_of(project: Path, environment: Path, *options: str) -> Path:
    """Sync an environment to a project's lock; return its interpreter. Raises ``SystemExit`` when that fails."""
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = ["uv", "sync", "--quiet", "--locked", "--project", str(project), *options]
    install(command, project, {**variables, "UV_PROJECT_ENVIRONMENT": str(environment)})
    return environment / "bin" / "python"


def install(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run an installer in a folder. Raises ``SystemExit`` when it fails."""
    try:
        subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"{command[0]} could not install what is measured; --no-peers measures no peers") from error
