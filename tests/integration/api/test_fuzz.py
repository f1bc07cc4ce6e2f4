"""Schemathesis tests a running service against its OpenAPI document, with valid and invalid data for every call."""

from pathlib import Path
from typing import Final

import psycopg

from development.proof.fuzz import fuzz

EXAMPLES: Final = 5
"""Examples per call; `inv prove --only fuzz` tries 1,000."""


def test_no_generated_request_gets_a_server_error_or_an_undocumented_response(
    own_database: str, tmp_path: Path, findings: list[str]
) -> None:
    finished = fuzz(own_database, EXAMPLES, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    findings.append(f"fuzz of the calls: {finished.stdout.splitlines()[-1].strip('= ')}")
    # Some calls succeeded: items were created, and imports and administration accepted their examples.
    with psycopg.connect(own_database) as connection:
        counted = connection.execute(
            """
            SELECT
                (SELECT count(*) FROM items),
                (SELECT count(*) FROM items WHERE title = 'The Third Man'),
                (SELECT count(*) FROM roles),
                (SELECT count(*) FROM users)
            """
        ).fetchone()
    assert counted is not None
    items, imported, roles, users = counted
    assert items > imported > 0
    assert roles > 2, "more than the fuzz test itself creates for its callers"
    assert users > 30
