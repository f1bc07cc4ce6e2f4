"""`inv psql`: opens psql on the database of DATABASE_URL, else on that of `inv up`, else on that of `inv dev`.

It also runs statements from standard input on any of them; psql's copy command uses `pstdin` and `pstdout` there.
"""

import argparse
import signal
import subprocess
import sys

from development.arguments import exit_with
from development.databases import TaskError, chosen_database, which
from development.postgres import PostgresError
from doorward.settings.config import SettingsError


def main() -> int:
    """Run psql until it ends; return its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", default="")
    options, arguments = parser.parse_known_args()
    try:
        with chosen_database(which(options.database)) as database:
            print(f"inv psql: {database.name}", file=sys.stderr, flush=True)
            command, environment = database.command("psql", "--no-psqlrc", *arguments)
            # Leave Ctrl+C to psql, which cancels a query.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return subprocess.run(command, check=False, env=environment).returncode
    except SettingsError as error:
        print("\n".join(f"inv psql: {problem}" for problem in error.problems), file=sys.stderr)
    except (TaskError, PostgresError) as error:
        print(f"inv psql: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    exit_with(main)
