"""Measures how many mutations of the auth domain the tests detect: `python -m development.proof.mutation`.

It takes some two hours on two cores. It works in `mutants/`, and an interrupted run can be continued, also after
changes: functions that did not change keep their results. After new tests and moves of code, `--again` runs survivors
and timeouts again. A change of the list of tests in `pyproject.toml` resets all results, but not with `--again`.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from development.postgres import EmbeddedPostgres
from development.proof.shared_server import SERVER_URL, STATISTICS, TEMPLATE
from doorward.infrastructure.migrations import migrate

GOAL: Final = 0.9
MUTANTS: Final = Path("mutants")
MUTMUT_SUFFIXES: Final = frozenset({".meta", ".spans"})
"""The suffixes of mutmut's own files beside each mutated module. `.meta` has the exit code of each mutant."""

# mutmut's exit codes (`mutmut.stats`). With any other one, a test failed or the process died.
REFUSED_BY_MYPY: Final = 37
SURVIVED: Final = frozenset({0, 5, 33})
"""No test failed, or no test reaches the mutant."""
TIMED_OUT: Final = frozenset({-24, 24, 36, 152})
NOT_RUN: Final = frozenset({None, 2, 255})
"""Not yet run, interrupted, or a listed test did not exist, which mutmut calls a timeout."""


def main() -> int:
    """Run mutmut on one PostgreSQL for all its runs, show the survivors, and return 1 if too many survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants, with wildcards: doorward.domain.auth.sessions.policy*")
    parser.add_argument("--children", type=int, default=2, help="number of concurrent runs")
    parser.add_argument("--again", action="store_true", help="run survivors and timeouts again, with new tests")
    arguments = parser.parse_args()
    if arguments.again and arguments.names:
        parser.error("named mutants are run again in any case")
    remove_outdated_copies(Path.cwd(), MUTANTS)
    forget_results(MUTANTS, NOT_RUN | SURVIVED | TIMED_OUT if arguments.again else NOT_RUN)
    if arguments.again:
        # mutmut would look for new tests only, and find none for a moved function.
        (MUTANTS / STATISTICS).unlink(missing_ok=True)
    with EmbeddedPostgres(durable=False) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(server.url(TEMPLATE))
        environment = {**os.environ, SERVER_URL: server.url(), "PYTHONPATH": "."}
        command = ["mutmut", "run", "--max-children", str(arguments.children), *arguments.names]
        subprocess.run(command, env=environment, check=True)
    subprocess.run(["mutmut", "results"], check=True)
    return judge(exit_codes(MUTANTS, arguments.names))


def remove_outdated_copies(project: Path, mutants: Path) -> None:
    """Remove copies of files that the project no longer has, and of files that are not code: mutmut keeps old ones."""
    for folder in ("src", "tests", "development"):
        for copy in [path for path in (mutants / folder).rglob("*") if path.is_file()]:
            source = project / copy.relative_to(mutants)
            if copy.suffix in MUTMUT_SUFFIXES:
                source = source.with_suffix("")
            if not source.exists() or copy.suffix not in {".py", *MUTMUT_SUFFIXES}:
                copy.unlink()


def forget_results(mutants: Path, codes: Collection[int | None]) -> None:
    """Let mutmut run the mutants with these exit codes again: it keeps all results of an unchanged function."""
    for path in mutants.rglob("*.meta"):
        results = json.loads(path.read_text(encoding="utf-8"))
        stored = results["exit_code_by_key"]
        results["exit_code_by_key"] = {name: None if code in codes else code for name, code in stored.items()}
        path.write_text(json.dumps(results), encoding="utf-8")


def exit_codes(mutants: Path, names: Sequence[str]) -> Counter[int | None]:
    """Count the mutants by exit code: all, or those of these names, which may have wildcards."""
    codes: Counter[int | None] = Counter()
    for path in mutants.rglob("*.meta"):
        results = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        codes.update(code for name, code in results.items() if not names or any(fnmatch(name, each) for each in names))
    return codes


def judge(codes: Counter[int | None]) -> int:
    """Print how many were found. Return 1 if too few were, or if any was not run, else 0."""
    refused = codes[REFUSED_BY_MYPY]
    survived, timed_out, unjudged = (sum(codes[code] for code in group) for group in (SURVIVED, TIMED_OUT, NOT_RUN))
    judged = codes.total() - refused - unjudged
    found = judged - survived
    share = found / judged if judged else 0.0
    print(
        f"{found} of {judged} were found ({share:.1%}), {timed_out} of them by a timeout;"
        f" mypy refuses {refused}; {unjudged} were not run"
    )
    return int(unjudged > 0 or share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
