"""Plant the faults of ``faults.py`` in copies of the product: the walks must find every one of them.

`python -m development.proof.model.planting` plants and walks.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from development.proof.model.fault import Fault
from development.proof.model.faults import FAULTS
from development.proof.service import own_database

ROOT: Final = Path(__file__).parents[3]
SOURCE: Final = ROOT / "src"
SEED: Final = 1
BRIEF: Final = '{"mode":'
"""The prefix of the walks' result lines."""
PRINTED_VIOLATION: Final = 1
"""The walks' exit status when they found a violation; any status other than this and 0 is a crash."""


def planted(fault: Fault, folder: Path) -> Path:
    """Copy the product below the folder and plant the fault; return the path of the copy."""
    copy = folder / "src"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / "doorward" / fault.path
    text = path.read_text(encoding="utf-8")
    if text.count(fault.before) != 1:
        raise ValueError(f"not once in {fault.path}: {fault.before}")
    path.write_text(text.replace(fault.before, fault.after), encoding="utf-8")
    return copy


def walked(source: Path, database_url: str, walks: int, steps: int, mode: str | None = None) -> dict[str, Any]:
    """Walk through the copy, in one mode or both; return the violation and the number of walks. Raises on a crash."""
    command = [sys.executable, "-m", "development.proof.model", "--brief", "--seed", str(SEED)]
    command += ["--walks", str(walks), "--steps", str(steps), "--database", database_url]
    command += [] if mode is None else ["--mode", mode]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)])}
    # The copy's lines must not appear in the coverage measurement of the product.
    environment.pop("COVERAGE_PROCESS_CONFIG", None)
    finished = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    # The output may contain other lines, from the product, Python or a library.
    lines: list[dict[str, Any]] = [json.loads(line) for line in finished.stdout.splitlines() if line.startswith(BRIEF)]
    if finished.returncode not in {0, PRINTED_VIOLATION} or not lines or lines[-1]["source"] != str(source):
        raise RuntimeError(f"the walks crashed, or were not those through the copy:\n{finished.stderr}")
    before = sum(line["walks"] for line in lines[:-1])
    return lines[-1] | {"after": before + (lines[-1]["walks_to_violation"] or lines[-1]["walks"])}


def main() -> int:
    """Return 0 if every fault was found, else 1."""
    parser = argparse.ArgumentParser(prog="python -m development.proof.model.planting", description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, help="numbers of the faults to plant (default: all)")
    parser.add_argument("--walks", type=int, default=200, help="maximum walks for each fault (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="steps of each walk (default: %(default)s)")
    options = parser.parse_args()
    chosen = [
        (number, fault) for number, fault in enumerate(FAULTS, start=1) if number in (options.numbers or [number])
    ]
    missed = 0
    with own_database() as database_url:
        for number, fault in chosen:
            with tempfile.TemporaryDirectory() as folder:
                found = walked(planted(fault, Path(folder)), database_url, options.walks, options.steps, fault.mode)
            missed += found["invariant"] is None
            verdict = f"caught in walk {found['after']} ({found['mode']}): {found['invariant']}"
            print(
                f"fault {number}, {fault.path}, {fault.attacker_gain}: {verdict if found['invariant'] else 'MISSED'}",
                flush=True,
            )
    print(f"faults: {len(chosen) - missed} of {len(chosen)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
