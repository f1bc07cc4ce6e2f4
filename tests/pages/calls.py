"""The curl calls of a page, run like in a reader's shell: in order, with the variables that the page sets."""

import re
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from tests.architecture.sources import text_of

DOCUMENTED_SERVICE: Final = "http://localhost:8000"
SEPARATOR: Final = "\x1e"
HANGS_AFTER_SECONDS: Final = 60
STATUS_ON_STDERR: Final = "curl() { command curl --noproxy '*' -w '%{stderr}%{http_code}' \"$@\"; }"


class Call(NamedTuple):
    """One curl line, the documented status, and the response."""

    line: str
    documented: str
    status: str
    answer: str


def run_calls(page: Path, url: str, folder: Path, first: str = "") -> list[Call]:
    """Run the page's curl blocks against a service, in one shell, after the commands ``first``."""
    lines = _shell_lines(page)
    commands = [line.replace(DOCUMENTED_SERVICE, url) for line, _ in lines]
    mark = "printf '\\x1e'; printf '\\x1e' >&2"
    script = "\n".join([STATUS_ON_STDERR, first, mark, *(f"{command}\n{mark}" for command in commands)])
    shell = subprocess.run(
        ["bash", "-eu", "-c", script],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert shell.returncode == 0, f"{page}: {shell.stderr}"
    answers, statuses = (output.split(SEPARATOR)[1:-1] for output in (shell.stdout, shell.stderr))
    return [
        Call(line, documented, status, answer)
        for (line, documented), status, answer in zip(lines, statuses, answers, strict=True)
        if "curl " in line
    ]


def _shell_lines(page: Path) -> list[tuple[str, str]]:
    """Return each command of the blocks with curl, with the status in the comment below it."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)
    text = "".join(block for block in blocks if re.search(r"\bcurl\b", block)).replace("\\\n", "")
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("#"):
            command, documented = lines.pop()
            lines.append((command, documented or line.removeprefix("#").split()[0].rstrip(",")))
        elif not line.startswith("doorward "):
            lines.append((line, ""))
    return lines
