"""What `inv check` runs."""

import pytest

from development.checks import ALWAYS, GROUPS, commands_of


def test_without_a_group_nothing_more_than_always_is_run() -> None:
    assert commands_of("") == ALWAYS


def test_a_group_adds_its_own_checks_behind_the_others() -> None:
    commands = commands_of("deployment")
    assert commands[: len(ALWAYS)] == ALWAYS
    assert commands[len(ALWAYS) :] == GROUPS["deployment"]
    assert [name for name in ("cfn-lint", "checkov") if any(name in each for each in commands)] == [
        "cfn-lint",
        "checkov",
    ]


def test_a_group_that_has_no_checks_is_refused_by_name() -> None:
    with pytest.raises(SystemExit, match="no such group of checks: nonsense"):
        commands_of("nonsense")
