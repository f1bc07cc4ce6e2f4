"""The path of items: made, shared, found, changed by their owner alone, and brought along by the thousand."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from development.client import IMPORT, SEARCH, ApiClient
from tests.e2e.people import client_of
from tests.e2e.stack import Service, Stack

ROWS = 60_000
MAXIMUM_GROWTH_KIB = 50 * 1024
NOTICED_SECONDS = 60
"""How long the service may take to notice that a client is gone, on a machine that does other work."""


def films(rows: int) -> bytes:
    """Return a file in MovieLens' form."""
    lines = [f'{row},"Film {row}, The ({1900 + row % 120})",Drama|Comedy\n' for row in range(1, rows + 1)]
    return f"movieId,title,genres\n{''.join(lines)}".encode()


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def disconnections(service: Service) -> int:
    return service.logs().count("http.request.disconnected")


async def test_from_the_first_item_to_the_last_change(client: ApiClient) -> None:
    owner, reader = (await client.log_in()).access, (await client.log_in()).access
    word = f"w{secrets.token_hex(8)}"

    created = await client.items(owner, "POST", json={"title": f"The {word}", "tags": [word], "year": 1942})
    place, item = created.headers["Location"], created.json()
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    assert (await client.items(owner, path=place)).json() == item
    assert (await client.items(reader, path=place)).status_code == 404
    assert (await client.items(reader, params={"tag": word})).json()["pagination"]["total_items"] == 0

    shared = await client.items(owner, "PATCH", place, json={"visibility": "shared"}, headers={"If-Match": '"1"'})
    assert (shared.status_code, shared.headers["ETag"]) == (200, '"2"')
    assert (await client.items(reader, path=place)).json() == shared.json()
    assert (await client.items(reader, path=place, headers={"If-None-Match": '"2"'})).status_code == 304
    assert (await client.items(reader, params={"tag": word})).json()["items"] == [shared.json()]
    assert (await client.items(reader, path=SEARCH, params={"q": f"the {word[:9]}"})).json()["items"] == [shared.json()]
    assert (await client.items(reader, "PATCH", place, json={"year": 1})).status_code == 403

    stale = await client.items(owner, "PUT", place, json={"title": "Lost"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_item")
    replaced = await client.items(owner, "PUT", place, json={"title": word}, headers={"If-Match": '"2"'})
    assert (replaced.json()["visibility"], replaced.json()["version"]) == ("private", 3)
    assert (await client.items(reader, path=place)).status_code == 404

    assert (await client.items(owner, "DELETE", place, headers={"If-Match": '"3"'})).status_code == 204
    assert (await client.items(owner, path=place)).status_code == 404


async def test_sixty_thousand_rows_are_imported_in_one_call_and_the_memory_hardly_grows(
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


async def test_an_upload_that_is_cut_off_leaves_nothing_behind(client: ApiClient, service: Service) -> None:
    owner = (await client.log_in()).access
    where = urlsplit(service.base_url)
    piece = b"Film\n" * 1000
    head = (
        f"POST {IMPORT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {owner}\r\n"
        "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    seen = disconnections(service)
    with socket.create_connection((where.hostname or "", where.port or 0)) as connection:
        connection.sendall(head.encode() + b"6\r\ntitle\n\r\n")
        for _ in range(100):
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    deadline = time.monotonic() + NOTICED_SECONDS
    while disconnections(service) == seen:
        assert time.monotonic() < deadline, "the service did not notice that the client is gone"
        await asyncio.sleep(0.05)
    assert (await client.items(owner, params={"owner": "me"})).json()["pagination"]["total_items"] == 0
    assert (await client.post_import(owner, in_pieces(b"title\n", piece))).json()["imported"] == 1000
