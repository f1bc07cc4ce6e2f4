"""Every page and form with generated input, for people who are signed in; `inv prove` tries more."""

from pathlib import Path
from typing import Final

import psycopg

from development.proof.fuzz_pages import fuzz_pages

EXAMPLES: Final = 2
"""Examples per call; `inv prove --only pages` tries 1,000."""

LET_IN: Final = {"session.all_ended", "consent.granted", "user.deactivated"}
"""Audit events of forms that were sent with the values of their pages."""


def test_no_page_and_no_form_gets_a_server_error(own_database: str, tmp_path: Path, findings: list[str]) -> None:
    finished = fuzz_pages(own_database, EXAMPLES, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    findings.append(f"fuzz of the pages: {finished.stdout.splitlines()[-1].strip('= ')}")
    with psycopg.connect(own_database) as connection:
        done = {row[0] for row in connection.execute("SELECT DISTINCT type FROM audit_events").fetchall()}
    assert done >= LET_IN
