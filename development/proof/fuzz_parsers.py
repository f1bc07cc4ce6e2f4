"""Runs a coverage-guided fuzzer on each parser: `python -m development.proof.fuzz_parsers`."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["doorward", "email_validator"]):
    from development.proof.parsers import PARSERS, SEEDS

GRACE_SECONDS = 120
"""Seconds beyond the time of fuzzing, for imports on a busy machine."""


def main() -> int:
    """Fuzz each parser in a separate process; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("--only", choices=list(PARSERS))
    arguments = parser.parse_args()
    if arguments.only:
        _fuzz(arguments.only, arguments.seconds)
    broken = [name for name in PARSERS if not _held(name, arguments.seconds)]
    return int(bool(broken))


def _held(name: str, seconds: int) -> bool:
    command = [sys.executable, "-m", "development.proof.fuzz_parsers", "--only", name, f"--seconds={seconds}"]
    finished = subprocess.run(command, check=False, timeout=seconds + GRACE_SECONDS, capture_output=True, text=True)
    runs = next((line for line in finished.stderr.splitlines() if line.startswith("Done ")), "")
    print(f"{name}: {'held' if finished.returncode == 0 else 'BROKEN'}. {runs}", flush=True)
    if finished.returncode != 0:
        print(finished.stderr)
    return finished.returncode == 0


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz one parser, starting from valid inputs; this ends the process."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=512", corpus], PARSERS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
