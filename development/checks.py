"""What `inv check` runs, in its order: on every change, and for those who change the templates of deploy/."""

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
"""Of the tools that checkov and cfn-lint are: they pin packages that the service has, too."""

CHECKOV_OPTIONS: Final = "--skip-download --compact --quiet"
"""The first: no rule is asked for over the network, and nothing is sent."""

GROUPS: Final = {
    "deployment": (
        f"{IN_THEIR_ENVIRONMENT} cfn-lint {TEMPLATES}/*.yaml",
        f"{IN_THEIR_ENVIRONMENT} checkov --framework cloudformation --directory {TEMPLATES} {CHECKOV_OPTIONS}",
    ),
}
"""By what is checked. The tests of `tests/deployment` run with all others."""


def commands_of(group: str) -> Sequence[str]:
    """Return the commands; with a group, its own as well. Raises ``SystemExit`` for one that has none."""
    if group and group not in GROUPS:
        raise SystemExit(f"--group: no such group of checks: {group}. There is {', '.join(GROUPS)}")
    return (*ALWAYS, *GROUPS.get(group, ()))
