"""The commands of `inv check` in order: those for every change, and those for changes to the templates of deploy/."""

from collections.abc import Sequence
from typing import Final

CODE: Final = "src packages tests development benchmarks examples tasks.py"
ALWAYS: Final = (
    f"ruff format --check {CODE}",
    f"ruff check {CODE}",
    "mypy",
    "lint-imports",
    "pytest -q tests/architecture",
    "uv lock --check",
)
TEMPLATES: Final = "deploy/aws"
IN_THEIR_ENVIRONMENT: Final = (
    "UV_PROJECT_ENVIRONMENT=$PWD/.development/templates uv run --quiet --locked --project development/templates"
)
"""Runs checkov and cfn-lint in a separate environment: they pin packages that the service also uses."""

CHECKOV_OPTIONS: Final = "--skip-download --compact --quiet"
"""--skip-download: request no rules over the network, and send nothing."""

GROUPS: Final = {
    "deployment": (
        f"{IN_THEIR_ENVIRONMENT} cfn-lint {TEMPLATES}/*.yaml",
        f"{IN_THEIR_ENVIRONMENT} checkov --framework cloudformation --directory {TEMPLATES} {CHECKOV_OPTIONS}",
    ),
}
"""Additional commands by group. The tests of `tests/deployment` run with all other tests."""


def commands_of(group: str) -> Sequence[str]:
    """Return the commands for every change, then those of the group, if any.

    Raises ``SystemExit`` for an unknown group.
    """
    if group and group not in GROUPS:
        raise SystemExit(f"--group: no such group of checks: {group}. There is {', '.join(GROUPS)}")
    return (*ALWAYS, *GROUPS.get(group, ()))
