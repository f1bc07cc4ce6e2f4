"""Measures how many mutations of the auth domain the tests detect: `python -m development.proof.mutation`.

It takes an hour or two. It works in `mutants/`, and an interrupted run can be continued, also after changes: functions
that did not change keep their results.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from development.postgres import EmbeddedPostgres
from development.proof.shared_server import SERVER_URL, TEMPLATE
from doorward.infrastructure.migrations import migrate

GOAL: Final = 0.9
MUTANTS: Final = Path("mutants")
STATISTICS: Final = MUTANTS / "mutmut-cicd-stats.json"
RESULTS: Final = frozenset({".meta", ".spans"})
"""The suffixes of mutmut's own files beside each mutated module."""
FOUND: Final = ("killed", "timeout", "segfault", "suspicious")


def main() -> int:
    """Run mutmut on one PostgreSQL for all its runs, show the survivors, and return 1 if too many survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants, with wildcards: doorward.domain.auth.sessions.policy*")
    parser.add_argument("--children", type=int, default=2, help="number of concurrent runs")
    arguments = parser.parse_args()
    remove_outdated_copies(Path.cwd(), MUTANTS)
    with EmbeddedPostgres(durable=False) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(server.url(TEMPLATE))
        environment = {**os.environ, SERVER_URL: server.url(), "PYTHONPATH": "."}
        command = ["mutmut", "run", "--max-children", str(arguments.children), *arguments.names]
        subprocess.run(command, env=environment, check=True)
    return _judge()


def remove_outdated_copies(project: Path, mutants: Path) -> None:
    """Remove copies of files that the project no longer has, or that are not code: mutmut renews only code."""
    for folder in ("src", "tests", "development"):
        for copy in [path for path in (mutants / folder).rglob("*") if path.is_file()]:
            source = project / copy.relative_to(mutants)
            if copy.suffix in RESULTS:
                source = source.with_suffix("")
            if not source.exists() or copy.suffix not in {".py", *RESULTS}:
                copy.unlink()


def _judge() -> int:
    subprocess.run(["mutmut", "results"], check=True)
    subprocess.run(["mutmut", "export-cicd-stats"], check=True)
    counts = json.loads(STATISTICS.read_text(encoding="utf-8"))
    found = sum(counts[name] for name in FOUND)
    judged = found + counts["survived"] + counts["no_tests"]
    share = found / judged if judged else 0.0
    print(
        f"mypy refuses {counts['caught_by_type_check']} faults; {found} of the other {judged} were found: {share:.1%}"
    )
    return int(share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
