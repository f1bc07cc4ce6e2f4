"""`inv coverage`: reports the data of `coverage run`, and checks it against the required bounds."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

COVERAGE: Final = (sys.executable, "-m", "coverage")

MINIMUM_LINES: Final = 95.0
"""Minimum coverage of the lines of src, in percent."""

CRITICAL: Final = (
    "src/doorward/domain/auth/",
    "src/doorward/domain/items/",
    "src/doorward/infrastructure/access_tokens.py",
    "src/doorward/infrastructure/passwords.py",
)
"""Files that need full line and branch coverage."""


def main() -> int:
    """Print the table and the two percentages; return the exit status."""
    # `coverage combine` deletes its input files, so a second report uses the combined data.
    if any(Path().glob(".coverage.*")):
        subprocess.run([*COVERAGE, "combine", "--quiet"], check=True)
    subprocess.run([*COVERAGE, "report"], check=True)
    files = _measured_files()
    lines, branches = _line_percentage(files), _critical_percentage(files)
    print(f"\nLines of src covered: {lines:.1f} % (at least {MINIMUM_LINES:.0f} %)")
    print(
        "Lines and branches of domain/auth, domain/items, access_tokens.py and passwords.py "
        f"covered: {branches:.1f} % (100 %)"
    )
    problems = [*_gaps(files)]
    if lines < MINIMUM_LINES:
        problems.insert(
            0, f"lines of src: {lines:.1f} %, needed {MINIMUM_LINES:.0f} %. Test more of what the table lists"
        )
    for problem in problems:
        print(f"coverage: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _measured_files() -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run([*COVERAGE, "json", "--quiet", "-o", str(report)], check=True)
        files: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))["files"]
    return files


def _line_percentage(files: Mapping[str, Any]) -> float:
    summaries = [each["summary"] for each in files.values()]
    return _percentage(
        sum(each["covered_lines"] for each in summaries), sum(each["num_statements"] for each in summaries)
    )


def _critical_percentage(files: Mapping[str, Any]) -> float:
    summaries = [each["summary"] for name, each in files.items() if _is_critical(name)]
    covered = sum(each["covered_lines"] + each["covered_branches"] for each in summaries)
    return _percentage(covered, sum(each["num_statements"] + each["num_branches"] for each in summaries))


def _percentage(covered: int, total: int) -> float:
    """Return the coverage in percent, or 0 if there was nothing to measure."""
    return 100 * covered / total if total else 0.0


def _is_critical(name: str) -> bool:
    return any(f"/{part}" in f"/{Path(name).as_posix()}" for part in CRITICAL)


def _gaps(files: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each critical file with untested lines or branches, and for each that was not measured."""
    gaps = [
        f"{part}: not measured. Run it under coverage" for part in CRITICAL if not any(part in name for name in files)
    ]
    for name, measured in sorted(files.items()):
        lines, branches = measured["missing_lines"], measured["missing_branches"]
        if _is_critical(name) and (lines or branches):
            ways = [f"{start}->{'exit' if end < 0 else end}" for start, end in branches]
            gaps.append(f"{name}: test line or branch {', '.join([*map(str, lines), *ways])}")
    return gaps


if __name__ == "__main__":
    sys.exit(main())
