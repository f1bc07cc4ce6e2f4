"""``doorward import-items``: the use case of the import, from a file, with a progress bar."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from doorward.domain.auth.accounts import Accounts
from doorward.domain.items.importing import ImportRequest, ImportResult, ItemImport
from doorward.domain.items.models import Visibility
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings

SHELL_IMPORT_SECONDS: Final = 3600
"""How long an import from a shell may take: millions of lines, while nobody waits for an answer over HTTP."""


@dataclass(frozen=True, slots=True)
class FileImport:
    """What to import, and for whom. ``owner`` is a user name or an e-mail address."""

    path: Path
    owner: str
    visibility: Visibility
    skip_bad_lines: bool


def import_items(settings: Settings, wanted: FileImport) -> ImportResult:
    """Store the file's items, showing on standard error how far it is.

    Raises ``OSError`` when the file cannot be read, and the ``DomainError`` classes of the use cases.
    """
    return asyncio.run(_import_items(settings, wanted))


async def _import_items(settings: Settings, wanted: FileImport) -> ImportResult:
    size = wanted.path.stat().st_size
    progress = click.progressbar(length=size, label=wanted.path.name, file=sys.stderr)
    with wanted.path.open("rb") as file, progress:
        async with create_item_import(settings) as (accounts, item_import):
            owner = await accounts.find_user(wanted.owner)
            request = ImportRequest(owner.id, wanted.visibility, wanted.skip_bad_lines)
            result = await item_import.run(file, request, lambda: progress.update(file.tell() - progress.pos))
        progress.update(size - progress.pos)
    return result


@asynccontextmanager
async def create_item_import(settings: Settings) -> AsyncIterator[tuple[Accounts, ItemImport]]:
    """Yield what an import from a shell needs, with a database of its own that is closed in the end."""
    database = PostgresDatabase(settings, bulk_seconds=SHELL_IMPORT_SECONDS)
    await database.open()
    try:
        await database.measure_clock()
        with database.bulk_place():
            yield Accounts(database=database), ItemImport(database=database, clock=database.clock)
    finally:
        await database.close()
