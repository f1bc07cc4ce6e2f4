"""A real Keycloak on a loopback port, in 512 MiB of heap, with an empty database in memory. It needs Java 17.

    mvn --strict-checksums --file development/keycloak/pom.xml dependency:unpack-dependencies
    python -m development.keycloak.server

prepares it, which takes minutes the first time, and runs it until Ctrl+C. Neither the service nor its tests need it:
those of trusted issuers are skipped without it.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import requests

FOLDER: Final = Path(__file__).parent
PROGRAMS: Final = FOLDER / "target" / "dependency"
HOW_TO_GET_IT: Final = "Keycloak is missing: development/keycloak/server.py says how to fetch it"
ADMINISTRATOR: Final = "admin"
PASSWORD: Final = "of-this-run"  # noqa: S105 - of a server on loopback that is gone with the run
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 300
BUILD_SECONDS: Final = 900
CALL_SECONDS: Final = 60
END_SECONDS: Final = 30
_BUILT: Final = "built-in-memory"
"""A file beside the program, there once it was prepared."""


def program_folder() -> Path | None:
    """Return the folder of the distribution; None where it, or Java, is missing."""
    found = sorted(PROGRAMS.glob("keycloak-*/bin/kc.sh"))
    return found[-1].parent.parent if found and shutil.which("java") is not None else None


def free_port() -> int:
    """Return a port that was free a moment ago: Keycloak takes none by itself."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


class KeycloakServer:
    """One server with a folder of its own for its log."""

    def __init__(self, programs: Path) -> None:
        """Take the folder of the distribution."""
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="doorward-keycloak-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self._folder / "log"

    def start(self) -> None:
        """Prepare it if that was not done yet, start it, and return when it answers.

        Raises ``RuntimeError`` with the end of its log if it does not.
        """
        if not (self._programs / _BUILT).exists():
            self._run("build", "--db=dev-mem", seconds=BUILD_SECONDS)
            (self._programs / _BUILT).touch()
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        options = ["--http-enabled=true", f"--http-host={HOST}", f"--http-port={port}", "--cache=local"]
        command = [self._command(), "start", "--optimized", "--hostname-strict=false", *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        self._wait()

    def _command(self) -> str:
        return str(self._programs / "bin" / "kc.sh")

    def _environment(self) -> dict[str, str]:
        own = {
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1 -XX:ActiveProcessorCount=1",
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMINISTRATOR,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
        }
        return {**os.environ, **own}

    def _run(self, *arguments: str, seconds: int) -> None:
        with self.log.open("ab") as log:
            subprocess.run(
                [self._command(), *arguments],
                env=self._environment(),
                stdout=log,
                stderr=log,
                timeout=seconds,
                check=True,
            )

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/realms/master", timeout=CALL_SECONDS).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.5)
        text = self.log.read_text(encoding="utf-8", errors="replace")[-4000:]
        self.close()
        raise RuntimeError(f"Keycloak did not answer in {START_SECONDS} s: {text}")

    def close(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None:
            # The program is a script: its own process group has the server.
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self._process.pid, number)
                    self._process.wait(END_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> None:
        """Return when it has ended by itself."""
        if self._process is not None:
            self._process.wait()


def main() -> None:
    """Run it until Ctrl+C."""
    programs = program_folder()
    if programs is None:
        raise SystemExit(HOW_TO_GET_IT)
    server = KeycloakServer(programs)
    try:
        server.start()
        print(f"{server.url} {ADMINISTRATOR} {PASSWORD}")
        server.wait()
    except KeyboardInterrupt:
        print()
    finally:
        server.close()


if __name__ == "__main__":
    main()
