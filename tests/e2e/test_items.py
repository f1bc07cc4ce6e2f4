"""The memory that an import of many items needs. `tests/integration/items` tests all other rules of items."""

from tests.e2e.people import client_of
from tests.e2e.stack import Stack

ROWS = 60_000
MAXIMUM_GROWTH_KIB = 50 * 1024


def films(rows: int) -> bytes:
    """Return a file in the format of MovieLens."""
    lines = [f'{row},"Film {row}, The ({1900 + row % 120})",Drama|Comedy\n' for row in range(1, rows + 1)]
    return f"movieId,title,genres\n{''.join(lines)}".encode()


async def test_an_import_of_sixty_thousand_rows_in_one_call_needs_little_memory(
    stack: Stack, findings: list[str]
) -> None:
    with stack.service(WEB_CONCURRENCY="1") as service:
        client = client_of(service)
        owner = (await client.log_in()).access
        assert (await client.post_import((await client.log_in()).access, films(100))).json()["imported"] == 100
        before = service.memory_kib("VmRSS")
        for counted in ({"imported": ROWS, "unchanged": 0}, {"imported": 0, "unchanged": ROWS}):
            answer = await client.post_import(owner, films(ROWS))
            assert answer.json() == {"updated": 0, "skipped": 0, "errors": [], "unused_columns": [], **counted}
        growth = service.memory_kib("VmHWM") - before
        assert (await client.items(owner, params={"owner": "me"})).json()["pagination"]["total_items"] == ROWS
    findings.append(f"{ROWS} rows imported twice: the memory grew by {growth / 1024:.1f} MiB")
    assert growth < MAXIMUM_GROWTH_KIB
