"""The cost of the limits in `server/` for `/me`: `python -m benchmarks.edge`.

The service, and the same service on uvicorn's own protocol, are loaded in turn; the CPU time per answer of the event
loop's thread is compared within each round. The plain one runs twice: the difference between the two shows the
precision of a ratio on this machine.
"""

import argparse
import contextlib
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory, accounts
from benchmarks.load import CONNECTIONS, RepeatedRequests, run_load
from benchmarks.plan import report_progress
from benchmarks.processes import HOST, PORT, Running, running
from benchmarks.samples import paired_ratio
from benchmarks.service import LIMITS_OUT_OF_REACH, service_environment
from development.postgres import EmbeddedPostgres

ROOT: Final = Path(__file__).parents[1]
SERVICE: Final = ("-m", "doorward", "serve", "--host", HOST, "--port", PORT)
PLAIN: Final = ("-m", "benchmarks.limits.plain_protocol", PORT)
USERS: Final = 1000
NANOSECONDS: Final = 1e9
MICROSECONDS: Final = 1e6


@dataclass(frozen=True)
class Subject:
    """One service under load."""

    process: Running
    load: RepeatedRequests
    microseconds: list[float] = field(default_factory=list)
    """CPU time per answer, one value per round."""

    def measure(self, seconds: float) -> None:
        """Load the service for some seconds. Raises ``RuntimeError`` when an answer was wrong."""
        before = self._processor_seconds()
        sample = run_load(self.load, self.process, seconds)
        if sample.failed:
            raise RuntimeError(f"{sample.failed} of {sample.answers} answers were wrong")
        self.microseconds.append((self._processor_seconds() - before) / sample.answers * MICROSECONDS)

    def _processor_seconds(self) -> float:
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()[0]) / NANOSECONDS


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    with EmbeddedPostgres() as postgres, accounts(postgres, USERS, "none") as people, _subjects(people) as measured:
        for number in range(options.rounds + 1):
            report_progress(f"round {number} of {options.rounds}; round 0 warms up")
            for subject in measured.values():
                subject.measure(options.seconds)
        for subject in measured.values():
            del subject.microseconds[0]
    plain = measured["plain"].microseconds
    for name, subject in measured.items():
        ratio = paired_ratio(subject.microseconds, plain)
        print(f"{name:12} {median(subject.microseconds):7.1f} µs an answer, {ratio:.3f} of plain")


@contextlib.contextmanager
def _subjects(people: Accounts) -> Iterator[Mapping[str, Subject]]:
    commands = {"plain": PLAIN, "bounded": SERVICE, "plain again": PLAIN}
    with contextlib.ExitStack() as stack:
        yield {name: _start(stack, command, people) for name, command in commands.items()}


def _start(stack: contextlib.ExitStack, command: tuple[str, ...], people: Accounts) -> Subject:
    secret_key = secrets.token_urlsafe(48)
    environment = {
        **service_environment(people.url, secret_key),
        **LIMITS_OUT_OF_REACH,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    process = stack.enter_context(running([sys.executable, *command], environment, ready="/health/readiness"))
    return Subject(process, TokenFactory(secret_key).me(people.sessions(CONNECTIONS)))


if __name__ == "__main__":
    main()
