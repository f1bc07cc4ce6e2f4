"""``doorward import-items``: the use case of the import, from a file, with a progress bar."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from doorward.bootstrap import create_item_import
from doorward.core.config import Settings
from doorward.domain.items.importing import ImportRequest, ImportResult
from doorward.domain.items.models import Visibility


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
