"""Load by wrk: calls per second, and their latency."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlencode

from benchmarks.processes import HOST, Running
from benchmarks.samples import Sample

CONNECTIONS: Final = 32
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
SCRIPTS: Final = Path(__file__).parent / "wrk"
TIMEOUT_SECONDS: Final = 30
HOW_TO_GET_WRK: Final = "wrk makes the load and is not here. On Debian: apt-get install wrk"


@dataclass(frozen=True)
class RepeatedRequests:
    """Requests that are repeated; each answer's body must contain ``expected``."""

    requests: Sequence[bytes]
    expected: str

    def command(self, folder: Path) -> Sequence[str]:
        """Return wrk's script and its arguments."""
        return [str(SCRIPTS / "replay.lua"), _file_of(self.requests, folder), self.expected]


@dataclass(frozen=True)
class SingleUseRequests:
    """Requests that are sent once each. The load ends early when all are answered.

    Answers are checked as in ``RepeatedRequests``.
    """

    requests: Sequence[bytes]
    expected: str

    def command(self, folder: Path) -> Sequence[str]:
        """Return wrk's script and its arguments."""
        return [str(SCRIPTS / "once.lua"), _file_of(self.requests, folder), self.expected]


@dataclass(frozen=True)
class Redirects:
    """Requests that are repeated; each answer must be a redirect to a URL that begins with ``expected``."""

    requests: Sequence[bytes]
    expected: str

    def command(self, folder: Path) -> Sequence[str]:
        """Return wrk's script and its arguments."""
        return [str(SCRIPTS / "redirects.lua"), _file_of(self.requests, folder), self.expected]


@dataclass(frozen=True)
class RefreshChain:
    """Refresh tokens that are rotated, one chain per connection.

    They are sent as JSON, or as a form with the fields of ``form``.
    """

    tokens: Sequence[str]
    path: str
    member: str = "refresh_token"
    form: Mapping[str, str] | None = None

    def command(self, folder: Path) -> Sequence[str]:
        """Return wrk's script and its arguments."""
        tokens = _file_of([token.encode() for token in self.tokens], folder)
        return [str(SCRIPTS / "chain.lua"), tokens, self.path, self.member, *self._body()]

    def _body(self) -> Sequence[str]:
        """Return the content type, and the text before and after the token."""
        if self.form is None:
            return [JSON, f'{{"{self.member}":"', '"}']
        return [FORM, urlencode([*self.form.items(), (self.member, "")]), ""]


@dataclass(frozen=True)
class Mix:
    """A mix of /me calls, prepared logins and refreshes, in the given shares.

    ``pause_ms`` is how long a connection waits before each call.
    """

    me: Sequence[bytes]
    logins: Sequence[bytes]
    tokens: Sequence[str]
    path: str
    shares: tuple[float, float, float]
    pause_ms: int = 0

    def command(self, folder: Path) -> Sequence[str]:
        """Return wrk's script and its arguments."""
        files = []
        tokens = [token.encode() for token in self.tokens]
        for name, things in (("me", self.me), ("logins", self.logins), ("tokens", tokens)):
            (folder / name).mkdir()
            files.append(_file_of(things, folder / name))
        return [str(SCRIPTS / "mix.lua"), *files, self.path, *map(str, self.shares), str(self.pause_ms)]


Load: TypeAlias = RepeatedRequests | SingleUseRequests | Redirects | RefreshChain | Mix


def require_wrk() -> str:
    """Return wrk's path. Raises ``SystemExit`` with one line that says how to install it."""
    path = shutil.which("wrk")
    if path is None:
        raise SystemExit(HOW_TO_GET_WRK)
    return path


def run_load(load: Load, process: Running, seconds: float, connections: int = CONNECTIONS) -> Sample:
    """Load a program for some seconds."""
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as folder:
        script, *arguments = load.command(Path(folder))
        command = [require_wrk(), "--threads", "1", "--connections", str(connections)]
        command += ["--duration", f"{round(seconds)}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
        command += ["--script", script, f"http://{HOST}:{process.port}/", "--", *arguments]
        before = process.processor_seconds()
        output = _output_of(command)
        after = process.processor_seconds()
    measured = json.loads(output.strip().splitlines()[-1])
    elapsed = measured["microseconds"] / 1e6
    failed = measured["refused"] + measured["wrong"] + measured["broken"]
    return Sample(
        value=max(0, measured["answers"] - measured["refused"] - measured["wrong"]) / elapsed,
        p50_ms=measured["p50"] / 1000,
        p99_ms=measured["p99"] / 1000,
        failed=failed,
        answers=measured["answers"],
        busy=tuple((late - early) / elapsed for early, late in zip(before, after, strict=True)),
    )


def get(path: str, **headers: str) -> bytes:
    """Return a GET request; underscores in header names become hyphens."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}",
        *(f"{name.replace('_', '-')}: {headers[name]}" for name in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, content_type: str, body: str, **headers: str) -> bytes:
    """Return a POST request; underscores in header names become hyphens."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {headers[name]}" for name in headers),
    ]
    return "\r\n".join([*lines, "", body]).encode()


def _file_of(things: Sequence[bytes], folder: Path) -> str:
    path = folder / "things"
    path.write_bytes(b"\0".join(things) + b"\0")
    return str(path)


def _output_of(command: Sequence[str]) -> str:
    environment = {**os.environ, "WRK_REPORT": str(SCRIPTS / "report.lua")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, _ = process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"wrk ended with {process.returncode}: {output}")
    return output
