"""Runs the proofs of docs/assurance.md in full length, one after the other. `inv prove` runs this."""

import argparse
import subprocess
import sys

from development.arguments import exit_with, one_of, whole_number


def main() -> int:
    """Run the chosen proof, or all; return the exit status of the first failure."""
    parser = argparse.ArgumentParser(prog="inv prove", description=__doc__)
    parser.add_argument("--only", default="", help="run this proof alone")
    parser.add_argument("--deep", action="store_true", help="5,000 walks of 100 steps, 2,000 timed calls of each kind")
    parser.add_argument("--kills", default="10", help="at each point (default: %(default)s)")
    options = parser.parse_args()
    proofs = {
        "model": ["model", *(["--walks", "5000", "--steps", "100"] if options.deep else [])],
        "faults": ["model.planting"],
        "kills": ["kills", "--kills", str(whole_number("--kills", options.kills))],
        "races": ["races"],
        "settings": ["database_settings"],
        "fuzz": ["fuzz", "--examples", "1000"],
        "pages": ["fuzz_pages", "--examples", "1000"],
        "parsers": ["fuzz_parsers", "--seconds", "150"],
        "timing": ["timing", *(["--deep"] if options.deep else [])],
        "mutation": ["mutation"],
    }
    for name in [one_of("--only", options.only, [*proofs])] if options.only else proofs:
        module, *arguments = proofs[name]
        command = [sys.executable, "-m", f"development.proof.{module}", *arguments]
        if status := subprocess.run(command, check=False).returncode:
            return status
    return 0


if __name__ == "__main__":
    exit_with(main)
