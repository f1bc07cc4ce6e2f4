"""``doorward import-users`` and ``export-users``: import users from files of other systems, and export all users."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, TextIO, get_args

import click

from doorward.commands.errors import CommandError, command_error
from doorward.commands.preparation import operator_settings, run_use_case
from doorward.domain.administration.exporting.models import ExportFormat, UserExportRequest
from doorward.domain.administration.importing.models import (
    ImportOutcome,
    LineCode,
    OnConflict,
    SkippedLine,
    UserFormat,
    UserImportRequest,
)
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import OPERATOR
from doorward.settings.config import Settings
from doorward.settings.database import DatabaseSettings
from doorward.wiring.operations import opened_user_export, opened_user_import

FILE_SECONDS: Final = 3600
"""Time limit of a transaction: the import of a thousand users, a whole dry run, or an export."""

ALL_STORED: Final = 0
SOME_LEFT_OUT: Final = 1
NOTHING_STORED: Final = 2
READABLE_BY_OWNER: Final = 0o600


@click.command(help="Import the users of FILE, from another system or from export-users.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "source", type=click.Choice(get_args(UserFormat)), required=True, help="The format of FILE.")
@click.option("--dry-run", is_flag=True, help="Store nothing; report what would be stored.")
@click.option("--keep-ids", is_flag=True, help="Keep ids that are UUIDs.")
@click.option("--on-conflict", type=click.Choice(get_args(OnConflict)), default="skip", show_default=True)
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Report each skipped line in this file.")
def import_users(
    file: Path, source: UserFormat, *, dry_run: bool, keep_ids: bool, on_conflict: OnConflict, report_file: Path | None
) -> int:
    """Store a thousand users at a time; return 0 if all are stored, 1 if some were skipped, 2 if none is stored.

    After a failure, another run continues where this one ended. The output contains no value of the file.
    """
    settings = operator_settings(log_level="error")
    request = UserImportRequest(OPERATOR, source, dry_run, keep_ids, on_conflict)
    codes: Counter[LineCode] = Counter()
    try:
        with ExitStack() as stack:
            content = stack.enter_context(file.open("rb"))
            lines = stack.enter_context(report_file.open("w", encoding="utf-8")) if report_file else None
            outcome = _import_with_progress(settings, file, content, request, _count_skipped_lines(codes, lines))
    except OSError as error:
        # A write to a full disk names no file.
        name = error.filename or report_file
        raise CommandError(f"{name}: {error.strerror}. Name files that can be read and written") from error
    return _print_result(outcome, codes, is_rehearsal=dry_run)


def _import_with_progress(
    settings: Settings,
    file: Path,
    content: BinaryIO,
    request: UserImportRequest,
    on_skipped: Callable[[SkippedLine], None],
) -> ImportOutcome:
    size = os.fstat(content.fileno()).st_size
    with click.progressbar(length=size, label=file.name, file=sys.stderr) as progress:
        watcher = Watcher(on_skipped, lambda: progress.update(content.tell() - progress.pos))
        outcome = run_use_case(_import(settings, content, request, watcher))
        progress.update(content.tell() - progress.pos)
    return outcome


async def _import(settings: Settings, content: BinaryIO, request: UserImportRequest, watcher: Watcher) -> ImportOutcome:
    async with opened_user_import(settings, seconds=FILE_SECONDS) as user_import:
        return await user_import.run(content, request, watcher)


def _count_skipped_lines(codes: Counter[LineCode], lines: TextIO | None) -> Callable[[SkippedLine], None]:
    """Return a callback that counts skipped lines, and writes them to the report."""

    def note(line: SkippedLine) -> None:
        codes[line.code] += 1
        if lines is not None:
            lines.write(json.dumps({"line": line.number, "code": line.code}) + "\n")

    return note


def _print_result(outcome: ImportOutcome, codes: Counter[LineCode], *, is_rehearsal: bool) -> int:
    counts = outcome.counts
    if outcome.refusal is not None:
        click.echo(f"doorward: {command_error(outcome.refusal)}", err=True)
    for code, number in sorted(codes.items()):
        click.echo(f"doorward: {number} lines: {code}", err=True)
    click.echo(
        f"doorward: {counts.stored} users {'would be stored' if is_rehearsal else 'stored'}, "
        f"{counts.already_stored} were stored before, {counts.skipped} left out"
    )
    if not counts.stored and not counts.already_stored:
        return NOTHING_STORED
    return SOME_LEFT_OUT if counts.skipped or outcome.refusal is not None else ALL_STORED


@click.command(help="Write all users to a file that import-users reads.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A file that does not exist yet.")
@click.option("--format", "format_", type=click.Choice(get_args(ExportFormat)), default="ndjson", show_default=True)
@click.option("--with-hashes", is_flag=True, help="Include password hashes. Protect the file like the database.")
def export_users(output: Path, format_: ExportFormat, *, with_hashes: bool) -> None:
    """Write the file, readable only by its owner, and print the number of users. A failed export leaves no file."""
    settings = operator_settings(log_level="error")
    request = UserExportRequest(OPERATOR, format_, with_hashes)
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE_BY_OWNER)
        try:
            with os.fdopen(descriptor, "wb") as file:
                count = run_use_case(_export(settings.database, file, request))
        except BaseException:
            output.unlink()
            raise
    except OSError as error:
        raise CommandError(f"{output}: {error.strerror}. Name a file that can be made") from error
    click.echo(f"doorward: {count} users exported")


async def _export(settings: DatabaseSettings, file: BinaryIO, request: UserExportRequest) -> int:
    async with opened_user_export(settings, seconds=FILE_SECONDS) as user_export:
        return await user_export.write(file, request)
