"""Commands that must fail, with one line of output."""

import pytest

from doorward.commands.main import main


def refused_with_one_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail; return its only line of output."""
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doorward: ")
    return str(line)
