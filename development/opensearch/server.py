"""A real OpenSearch with one node on loopback ports, in 384 MiB of memory. It needs Java 17 and downloads from Maven.

  mvn --strict-checksums --file development/opensearch/pom.xml dependency:copy-dependencies
  python -m development.opensearch.server

The second command runs it in an empty folder until Ctrl+C. The service does not need it; the tests of the example are
skipped without it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
JARS: Final = FOLDER / "target" / "dependency"
PROGRAM: Final = FOLDER / "OpenSearchNode.java"
HOW_TO_GET_IT: Final = "OpenSearch is missing: development/opensearch/server.py says how to fetch it"
ANY_FREE_PORT: Final = 0


def is_installed() -> bool:
    """Return whether Java and the JAR files are installed."""
    return shutil.which("java") is not None and JARS.is_dir()


class OpenSearchServer:
    """One server with its own folder, which can be killed and restarted with the same data and port."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="doorward-opensearch-"))
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Start the server, and return when it is ready. Raises ``RuntimeError`` if it ends instead."""
        port = self.url.rpartition(":")[2] or str(ANY_FREE_PORT)
        options = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        with (self._folder / "errors").open("a") as errors:
            self._process = subprocess.Popen(
                ["java", *options, "-cp", f"{JARS}/*", str(PROGRAM), str(self._folder), port],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was requested above
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError((self._folder / "errors").read_text(encoding="utf-8"))

    def kill(self) -> None:
        """Kill the server without a shutdown, like a power failure."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def close(self) -> None:
        """Kill the server, and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> None:
        """Wait until the server ends by itself."""
        if self._process is not None:
            self._process.wait()


def main() -> None:
    """Run the server until Ctrl+C."""
    if not is_installed():
        raise SystemExit(HOW_TO_GET_IT)
    server = OpenSearchServer()
    try:
        server.start()
        print(server.url)
        server.wait()
    except KeyboardInterrupt:
        print()
    finally:
        server.close()


if __name__ == "__main__":
    main()
