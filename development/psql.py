"""`inv psql`: opens psql on the database of DATABASE_URL, else on that of `inv up`, else on that of `inv dev`."""

import signal
import subprocess
import sys

from development.arguments import exit_with
from development.backup import BackupError, chosen_database
from development.postgres import PostgresError
from doorward.settings.config import SettingsError


def main() -> int:
    """Run psql until it ends; return its exit status."""
    try:
        with chosen_database() as database:
            command, environment = database.command("psql", "--no-psqlrc", *sys.argv[1:])
            # Ctrl+C is for psql: it cancels a query.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return subprocess.run(command, check=False, env=environment).returncode
    except SettingsError as error:
        print("\n".join(f"inv psql: {problem}" for problem in error.problems), file=sys.stderr)
    except (BackupError, PostgresError) as error:
        print(f"inv psql: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    exit_with(main)
