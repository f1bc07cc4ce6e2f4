"""An import of 60,000 lines by one call, compared with only a COPY of the same rows by psycopg."""

import io
import time
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from benchmarks.items.catalogue import Row, Zipf, copy_rows, movie_lines
from benchmarks.items.site import Site
from doorward.domain.items.indexing import index_of
from doorward.domain.items.models import ImportedItem, Item
from doorward.domain.items.policy import new_item
from doorward.domain.items.reading.files import FileOptions, open_items

LINES: Final = 60_000


@dataclass(frozen=True)
class ImportMeasured:
    """Median seconds of each way, and the growth of the worker's resident memory: peak and permanent."""

    size: int
    call_seconds: float
    copy_seconds: float
    peak_growth_mb: float
    lasting_growth_mb: float


async def measure_import(site: Site, words: Zipf, rounds: int) -> ImportMeasured:
    """Import the same file several times, each time into a table without it."""
    body = "".join(movie_lines(LINES, words)).encode()
    connection, service, owner_id = site.connection, site.service, site.reader.principal.user_id
    before_mb = service.memory_mb("VmRSS")
    call_seconds, copy_seconds = [], []
    for _ in range(rounds):
        rows = prepared_rows(body, owner_id)
        started = time.perf_counter()
        await copy_rows(connection, iter(rows))
        copy_seconds.append(time.perf_counter() - started)
        await _forget_import(connection)
        started = time.perf_counter()
        answer = service.import_csv(site.token, body)
        call_seconds.append(time.perf_counter() - started)
        if answer["imported"] != LINES:
            raise ValueError(f"{answer['imported']} of {LINES} lines were imported")
        await _forget_import(connection)
    return ImportMeasured(
        size=site.size,
        call_seconds=median(call_seconds),
        copy_seconds=median(copy_seconds),
        peak_growth_mb=service.memory_mb("VmHWM") - before_mb,
        lasting_growth_mb=service.memory_mb("VmRSS") - before_mb,
    )


def prepared_rows(body: bytes, owner_id: UUID) -> list[Row]:
    """Return the file's items as rows, ready to be stored."""
    now = datetime.now(UTC)
    with open_items(io.BytesIO(body), FileOptions()) as file:
        contents = [line.content for line in file.lines if isinstance(line, ImportedItem)]
    return [_row(new_item(uuid4(), content, owner_id, now)) for content in contents]


def _row(item: Item) -> Row:
    return (*astuple(item), *astuple(index_of(item.title, item.description)))


async def _forget_import(connection: AsyncConnection[Any]) -> None:
    # Only imported items have no description.
    await connection.execute("DELETE FROM items WHERE description = ''")
    await connection.execute("VACUUM ANALYZE items")
