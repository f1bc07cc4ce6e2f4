"""A team that follows docs/protect-a-service.md exactly: an empty folder, the page's commands and its files."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from development.ports import free_port
from tests.architecture.sources import ROOT, text_of
from tests.pages.requirements import link_requirements

PAGE: Final = Path("docs/protect-a-service.md")
DOORWARD: Final = "http://localhost:8000"
PORT: Final = "9000"
LIBRARY: Final = "doorward-client"
PROGRAMS: Final = ("pytest", "uvicorn")
END_OF_FILE: Final = "end-of-the-pages-file"
HANGS_AFTER_SECONDS: Final = 300
CURL: Final = "curl() { command curl --noproxy '*' -w '%{stderr}%{http_code}\\n' \"$@\" 2>>statuses; }"
ISOLATED_PROJECT: Final = """\
# Isolates the folder from projects above it, such as one in the machine's folder of temporary files.
[tool.pytest.ini_options]

[tool.uv.workspace]
exclude = ["*"]
"""
UV: Final = """\
#!/bin/sh
# Nothing is resolved or installed: the environment already has what the page adds.
if [ "$1" = add ]; then export UV_FROZEN=1; else export UV_NO_SYNC=1; fi
exec {uv} "$@"
"""


class Block(NamedTuple):
    """A marked block of the page, and the name of the file in which the page says to save it."""

    language: str
    text: str
    file: str


def blocks() -> list[Block]:
    """Return the blocks of the numbered steps."""
    steps = text_of(PAGE).partition("\n## More than")[0]
    parts = re.split(r"^```(\w*)\n(.*?)^```$", steps, flags=re.DOTALL | re.MULTILINE)
    found = []
    for before, language, text in zip(parts[::3], parts[1::3], parts[2::3], strict=False):
        named = re.findall(r"Save this as `([\w.]+)`", before)
        found.append(Block(language, text, named[-1] if named else ""))
    return found


def documented_statuses() -> list[str]:
    """Return the documented status of each call, "" if there is none."""
    text = "".join(block.text for block in blocks()).replace("\\\n", "")
    return [found[1] or "" for found in re.finditer(r"^.*\bcurl .*\n(?:# (\d{3}))?", text, re.MULTILINE)]


def additions() -> list[str]:
    """Return the requirements of the page's `uv add` commands; a package in a folder by its name."""
    commands = re.findall(r"^uv add (.*)$", "".join(block.text for block in blocks()), re.MULTILINE)
    words = [word for command in commands for word in shlex.split(command)]
    return [word.rpartition("/")[2] for word in words if not word.startswith("-")]


class Team:
    """A folder with only a clone of the project, isolated from projects above it."""

    def __init__(self, folder: Path, doorward: str) -> None:
        """Take the URL of doorward. Prepare what `uv add` would install: no index is used."""
        self._folder = folder
        self._doorward = doorward
        (folder / "pyproject.toml").write_text(ISOLATED_PROJECT, encoding="utf-8")
        (folder / "doorward").symlink_to(ROOT)
        self._environment = environment(folder)

    def follow_the_page(self) -> str:
        """Run all steps but the first in one shell; return their output. The statuses of calls go to a file."""
        script = "\n".join([CURL, *(self._commands(block) for block in blocks()[1:])])
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            said, _ = shell.communicate(timeout=HANGS_AFTER_SECONDS)
        finally:
            shell.kill()
        assert shell.returncode == 0, said
        return said

    def statuses(self) -> list[str]:
        """Return the statuses of the calls."""
        return (self._folder / "orders" / "statuses").read_text(encoding="utf-8").split()

    def _commands(self, block: Block) -> str:
        text = block.text.replace(DOORWARD, self._doorward).replace(PORT, self._port)
        if block.language == "sh":
            return text
        return f"cat > {block.file} <<'{END_OF_FILE}'\n{text}{END_OF_FILE}\n"

    @property
    def _port(self) -> str:
        return self._environment["PORT_OF_THE_PAGE"]


def environment(folder: Path) -> Mapping[str, str]:
    """Return the variables of the team's shell: its own programs first, and no network."""
    foreign = ("COV", "GIT_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV", "UV_")
    programs = folder / "programs"
    programs.mkdir()
    uv = shutil.which("uv")
    assert uv, "uv is needed"
    (programs / "uv").write_text(UV.format(uv=shlex.quote(uv)), encoding="utf-8")
    (programs / "uv").chmod(0o755)
    packages = folder / "packages"
    _install(packages, folder / "wheels", uv)
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PORT_OF_THE_PAGE": str(free_port()),
        "UV_OFFLINE": "1",
        "UV_PROJECT_ENVIRONMENT": str(packages),
    }


def _install(packages: Path, wheels: Path, uv: str) -> None:
    """Create an environment with the library's wheel, and with its and the page's other requirements."""
    build = [uv, "build", "--quiet", "--offline", "--wheel", "--package", LIBRARY, "--out-dir", str(wheels)]
    subprocess.run(build, check=True, cwd=ROOT)
    venv.create(packages, with_pip=False, symlinks=True)
    python = packages / "bin" / "python"
    site = packages / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    link_requirements(site, additions())
    # Check the imports first: a missing package would only show as a timeout at the service's port.
    subprocess.run([python, "-c", "import uvicorn, doorward_client.testing, fastapi.testclient"], check=True)
    for name in PROGRAMS:
        program = packages / "bin" / name
        program.write_text(
            f"#!{python}\nimport runpy\nrunpy.run_module({name!r}, run_name='__main__', alter_sys=True)\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
