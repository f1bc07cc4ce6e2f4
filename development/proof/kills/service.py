"""Runs `doorward serve` with failpoints, in a process forked from one that has imported all code.

As a program, it starts a service for each line of its input and waits for its end; `KillableService` runs the program.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from development.proof.kills.commits import Commit, Moment
from development.proof.kills.failpoints import Failpoints
from development.proof.service import url_when_ready

ROOT: Final = Path(__file__).parents[3]
ARMED: Final = "armed"
LOG: Final = "log"


class KillableService:
    """Starts the service repeatedly on one database, and arms the point of the next kill."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        """Take an empty folder, and the service's settings."""
        self.folder = folder
        self._settings = settings
        self.url = ""

    def __enter__(self) -> Self:
        """Start the program, which imports the code."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self._settings}
        command = [sys.executable, "-m", "development.proof.kills.service"]
        self._program = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the service, if it runs, and the program."""
        # Both are in one process group: the service would outlive the program, which only waits for it.
        os.killpg(self._program.pid, signal.SIGKILL)
        self._program.wait()
        self._pipe(self._program.stdin).close()
        self._pipe(self._program.stdout).close()

    def start(self) -> None:
        """Start the service and wait until it is ready."""
        (self.folder / LOG).write_bytes(b"")
        stdin = self._pipe(self._program.stdin)
        stdin.write("start\n")
        stdin.flush()
        self.url = url_when_ready(self.folder / LOG, lambda: self._program.poll() is None)

    def arm(self, commit: Commit, moment: Moment, passes: int) -> None:
        """Kill the service at this point, after this many passes from now."""
        prepared = self.folder / "prepared"
        prepared.write_text(f"{commit} {moment} {passes}", encoding="ascii")
        prepared.rename(self.folder / ARMED)

    def status_of_end(self) -> int:
        """Wait until the service has ended; return its status, which is negative for a signal."""
        return int(self._pipe(self._program.stdout).readline())

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise RuntimeError("not entered")
        return pipe


@contextlib.contextmanager
def killable_service(settings: dict[str, str]) -> Iterator[KillableService]:
    """Yield a running service in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder, KillableService(Path(folder), settings) as service:
        service.start()
        yield service


def _serve(folder: Path) -> None:
    """Run the service until it is killed."""
    from doorward.commands.main import main  # noqa: PLC0415 - loaded by the parent, before the fork

    with (folder / LOG).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    os._exit(main(["serve", "--port", "0"]))


def _start_for_each_line(folder: Path) -> None:
    # Import before the fork: a start then takes a tenth of a second.
    import doorward.commands.main  # noqa: F401, PLC0415 - loaded for the children

    Failpoints(folder / ARMED).install()
    for _ in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            _serve(folder)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _start_for_each_line(Path.cwd())
