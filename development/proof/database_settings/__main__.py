"""`python -m development.proof.database_settings`: try every setting separately, and report wrong behaviour."""

import asyncio
import sys
import time

import psycopg

from development.postgres import EmbeddedPostgres
from development.proof.database_settings.changes import list_changes
from development.proof.database_settings.walk import Findings, Walk, ordinary_database
from development.proof.service import proof_settings
from doorward.observability.logging import configure_logging
from doorward.settings.config import Settings, settings_from


def main() -> int:
    """Return 0 if every change led to correct responses or a clear refusal, else 1."""
    configure_logging("critical", "json")
    began = time.monotonic()
    with EmbeddedPostgres(durable=False) as server, ordinary_database(server.url()) as database_url:
        settings = {name.lower(): value for name, value in proof_settings(database_url, DB_POOL_MAX_CONN="3").items()}
        with psycopg.connect(server.url(), autocommit=True) as admin:
            findings = asyncio.run(_walk(settings_from(settings), admin))
    for change, why in {**findings.refused, **findings.unavailable}.items():
        print(f"  refused: {change}: {why}")
    for fault in findings.faults:
        print(f"  WRONG: {fault}")
    counts = f"{len(findings.right)} right, {len(findings.refused) + len(findings.unavailable)} refused"
    print(f"database settings: {counts}, {len(findings.faults)} wrong, in {time.monotonic() - began:.0f} s")
    return 1 if findings.faults else 0


async def _walk(settings: Settings, admin: psycopg.Connection) -> Findings:
    walk = Walk(settings, admin)
    async with walk.running():
        await walk.try_all(list_changes(admin), together=1)
    return walk.findings


if __name__ == "__main__":
    sys.exit(main())
