"""``doorward import-items``: store the items of a CSV file, with a progress bar."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, get_args

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings, run_use_case
from doorward.domain.items.importing import ImportRequest, ImportResult
from doorward.domain.items.models import Visibility
from doorward.domain.items.reading.columns import read_column_map
from doorward.domain.items.reading.files import FileOptions
from doorward.settings.database import DatabaseSettings
from doorward.wiring.operations import opened_item_import

IMPORT_SECONDS: Final = 3600
"""Time limit of an import from a shell, which may have millions of lines. Over HTTP it is less, as a client waits."""


@click.command(help="Import the items of a CSV FILE. Its header is title,... or movieId,title,genres.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--owner", required=True, metavar="NAME", help="User name or e-mail address of the owner.")
@click.option("--visibility", type=click.Choice(get_args(Visibility)), default="private", show_default=True)
@click.option("--columns", default="", metavar="NAME:FIELD,...", help="Maps columns of the file to fields.")
@click.option("--skip-bad-lines", is_flag=True, help="Skip invalid lines instead of storing nothing.")
def import_items(file: Path, owner: str, visibility: Visibility, columns: str, *, skip_bad_lines: bool) -> None:
    """Store all items in one transaction, and print their number."""
    settings = operator_settings(log_level="error")
    try:
        size = file.stat().st_size
        progress = click.progressbar(length=size, label=file.name, file=sys.stderr)
        with file.open("rb") as content, progress:

            def report_progress() -> None:
                progress.update(content.tell() - progress.pos)

            work = _store(
                settings.database, content, report_progress, owner, visibility, columns, skip_bad_lines=skip_bad_lines
            )
            result = run_use_case(work)
            progress.update(size - progress.pos)
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}. Name a file that can be read") from error
    for line in result.bad_lines:
        click.echo(f"doorward: line {line.number} left out: {line.error.detail}", err=True)
    if result.unused_columns:
        click.echo(f"doorward: columns that are no field of an item: {', '.join(result.unused_columns)}", err=True)
    click.echo(
        f"doorward: {result.imported} items imported, {result.updated} updated, {result.unchanged} unchanged, "
        f"{len(result.bad_lines)} lines left out"
    )


async def _store(
    settings: DatabaseSettings,
    content: BinaryIO,
    report_progress: Callable[[], None],
    owner_name: str,
    visibility: Visibility,
    columns: str,
    *,
    skip_bad_lines: bool,
) -> ImportResult:
    async with opened_item_import(settings, seconds=IMPORT_SECONDS) as (accounts, item_import):
        options = FileOptions(visibility, read_column_map(columns))
        owner = await accounts.get_user(owner_name)
        request = ImportRequest(owner.id, options, skip_bad_lines)
        return await item_import.run(content, request, report_progress)
