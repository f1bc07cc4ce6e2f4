"""`python -m development.proof.kills`: kill the service at every point, and check what it left behind."""

import argparse
import sys
import time

from development.proof.kills.failpoints import POINTS
from development.proof.kills.rounds import Outcome, rounds
from development.proof.service import own_database


def main() -> int:
    """Return 0 when nothing was wrong after any kill, else 1."""
    parser = argparse.ArgumentParser(prog="python -m development.proof.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1, help="at each point (default: %(default)s)")
    options = parser.parse_args()
    wrong = 0
    with own_database() as database_url, rounds(database_url) as all_rounds:
        for commit, moment in POINTS:
            outcome, began = Outcome(), time.monotonic()
            for _ in range(options.kills):
                all_rounds.kill(commit, moment, outcome)
            seconds = time.monotonic() - began
            seen = f"{outcome.people} people, {outcome.sessions} sessions, {outcome.unknown} answers lost"
            print(
                f"kills, {commit}, {moment}: {outcome.kills} in {seconds:.1f} s, {seen}, {len(outcome.wrong)} wrong",
                *outcome.wrong,
                sep="\n  ",
                flush=True,
            )
            wrong += len(outcome.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
