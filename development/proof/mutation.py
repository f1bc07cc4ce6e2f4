"""How many faults, put into auth one at a time, the tests find: `python -m development.proof.mutation`."""

import argparse
import os
import subprocess
import sys

import psycopg
from psycopg import sql

from development.postgres import EmbeddedPostgres
from development.proof.shared_server import SERVER_URL, TEMPLATE
from doorward.infrastructure.migrations import migrate


def main() -> int:
    """Run the mutants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--children", type=int, default=1)
    arguments = parser.parse_args()
    with EmbeddedPostgres(durable=False) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(server.url(TEMPLATE))
        environment = {**os.environ, SERVER_URL: server.url()}
        command = ["mutmut", "run", "--max-children", str(arguments.children), *arguments.names]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
