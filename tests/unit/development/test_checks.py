"""The commands that `inv check` runs."""

import pytest

from development.checks import ALWAYS, GROUPS, commands_of


def test_without_a_group_only_the_common_checks_run() -> None:
    assert commands_of("") == ALWAYS


def test_a_group_adds_its_own_checks_after_the_common_ones() -> None:
    commands = commands_of("deployment")
    assert commands[: len(ALWAYS)] == ALWAYS
    assert commands[len(ALWAYS) :] == GROUPS["deployment"]
    assert [name for name in ("cfn-lint", "checkov") if any(name in each for each in commands)] == [
        "cfn-lint",
        "checkov",
    ]


def test_an_unknown_group_is_reported_by_name() -> None:
    with pytest.raises(SystemExit, match="no such group of checks: nonsense"):
        commands_of("nonsense")
