"""`python -m development.proof.model`: take random walks through sessions, and compare the product with the model."""

import argparse
import json
import secrets
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import doorward
from development.proof.model.exploration import MODES, Exploration, described, explore
from development.proof.service import own_database
from doorward.observability.logging import configure_logging


def main() -> int:
    """Return 0 if the product agreed with the model in every walk, else 1."""
    parser = argparse.ArgumentParser(prog="python -m development.proof.model", description=__doc__)
    parser.add_argument("--walks", type=int, default=200, help="walks in all modes together (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="steps of each walk (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="repeat the walks of an earlier run")
    parser.add_argument("--mode", choices=MODES, help="the only mode (default: both modes)")
    parser.add_argument("--database", help="a migrated database (default: a temporary one)")
    parser.add_argument("--brief", action="store_true", help="do not shorten a violation; print JSON")
    options = parser.parse_args()
    configure_logging("critical", "json")
    start = secrets.randbelow(2**32) if options.seed is None else options.seed
    modes = [options.mode] if options.mode else list(MODES)
    with nullcontext(options.database) if options.database else own_database() as database_url:
        for mode in modes:
            outcome = explore(
                database_url,
                mode,
                walks=options.walks // len(modes),
                steps=options.steps,
                start=start,
                is_shrunk=not options.brief,
            )
            print(_in_brief(outcome) if options.brief else _in_words(outcome, start), flush=True)
            if outcome.violation is not None:
                return 1
    return 0


def _in_brief(outcome: Exploration) -> str:
    found = outcome.violation
    source = str(Path(doorward.__file__).parents[1])
    facts = {"mode": outcome.mode, "source": source, "invariant": found.invariant if found else None}
    return json.dumps(facts | asdict(outcome.tally))


def _in_words(outcome: Exploration, start: int) -> str:
    tally = outcome.tally
    walked = (
        f"model, {outcome.mode}: {tally.walks} walks of {tally.steps} steps in {outcome.seconds:.1f} s, seed {start}"
    )
    if outcome.violation is None:
        return f"{walked}: all as the model says"
    return "\n".join([f"{walked}: VIOLATED", str(outcome.violation), *described(outcome.violation)])


if __name__ == "__main__":
    sys.exit(main())
