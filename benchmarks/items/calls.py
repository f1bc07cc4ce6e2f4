"""The measured calls, each with its queries, which are the repository's own functions."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from benchmarks.items.catalogue import GENRES, RARE_TAG
from benchmarks.service import KeepAlive, claims_of, user_id_of
from doorward.core.pages import DEFAULT_PAGE_SIZE, CursorCodec, Position
from doorward.core.principal import Principal
from doorward.domain.auth.repositories.sessions import list_live_sessions
from doorward.domain.items.models import Item, ItemFilter, ItemQuery
from doorward.domain.items.repositories import entries, lists
from doorward.domain.items.search import search_query
from doorward.infrastructure.keys import cursor_purpose, derive_key

Connection = AsyncConnection[Any]
Queries = Callable[[Connection], Awaitable[object]]

TAG_OF_NONE: Final = "keyset, tag of no item"
DEPTH: Final = 0.9
"""Share of the table before the deep pages."""

ITEMS: Final = "/api/v1/items"
FREQUENT_WORDS: Final = (10, 20)
RARER_WORDS: Final = (60, 100)
"""Ranks in the vocabulary."""

TITLE_PART: Final = "symbol"


@dataclass(frozen=True)
class Call:
    """A GET call. ``queries`` is None for a call without database queries.

    ``is_flat``: its cost should not depend on the number of items.
    """

    name: str
    target: str
    queries: Queries | None
    is_flat: bool = False

    @property
    def is_of_items(self) -> bool:
        """Return whether it is a call of the items domain, not a reference call."""
        return self.target.startswith(ITEMS)


@dataclass(frozen=True)
class Reader:
    """The calling user, an item in the middle of the table, and the position of the deep page."""

    principal: Principal
    secret_key: str
    item_id: UUID
    depth: int
    position: Position


async def find_reader(connection: Connection, token: str, secret_key: str, size: int) -> Reader:
    """Look up the data that the calls need."""
    claims = claims_of(token)
    user_id = user_id_of(token)
    depth = int(size * DEPTH)
    cursor = await connection.execute(
        """
        SELECT id, created_at
        FROM items
        WHERE visibility = 'shared' OR owner_id = %(user_id)s
        ORDER BY created_at DESC, id DESC
        LIMIT 1 OFFSET %(depth)s
        """,
        {"user_id": user_id, "depth": depth},
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("fewer items than expected")
    principal = Principal(user_id, UUID(claims["sid"]), claims["client_id"], frozenset())
    return Reader(principal, secret_key, row[0], depth, Position("-created_at", row[1].isoformat(), str(row[0])))


def calls_of(reader: Reader, vocabulary: Sequence[str]) -> Sequence[Call]:
    """Return all calls, the reference calls first."""
    wanted = ItemQuery(reader.principal.user_id, "all", ItemFilter())
    return [
        *_yardsticks(reader),
        *_flat_calls(reader, wanted),
        *_growing_calls(reader, wanted),
        _search("search, two frequent words", [vocabulary[rank] for rank in FREQUENT_WORDS], wanted),
        _search("search, two rarer words", [vocabulary[rank] for rank in RARER_WORDS], wanted),
    ]


def _yardsticks(reader: Reader) -> Sequence[Call]:
    return [
        Call("/health/liveness", "/health/liveness", None),
        Call(
            "/api/v1/auth/me",
            "/api/v1/auth/me",
            lambda connection: list_live_sessions(
                connection,
                session_ids=[reader.principal.session_id],
                user_ids=[reader.principal.user_id],
                now=datetime.now(UTC),
            ),
            is_flat=True,
        ),
    ]


def _flat_calls(reader: Reader, wanted: ItemQuery) -> Sequence[Call]:
    cursors = CursorCodec(derive_key(reader.secret_key.encode(), cursor_purpose("items")))
    common, scarce = GENRES[0], GENRES[-1]
    return [
        Call(
            "get by id",
            f"{ITEMS}/{reader.item_id}",
            lambda connection: entries.find_item(connection, reader.item_id, wanted.reader_id),
            is_flat=True,
        ),
        _by_keyset("keyset, first page", wanted),
        _by_keyset("keyset, owner=me", replace(wanted, owner="me"), "&owner=me"),
        replace(
            _by_keyset("keyset, 90 % deep", wanted, after=reader.position),
            target=f"{ITEMS}?after={cursors.encode(reader.position)}",
        ),
        _by_keyset("keyset, tag of 3 in 10 items", _filtered(wanted, tag=common), f"&tag={common}"),
        _by_keyset("keyset, tag of 1 in 100 items", _filtered(wanted, tag=scarce), f"&tag={scarce}"),
        _by_keyset("keyset, tag of 100 items", _filtered(wanted, tag=RARE_TAG), f"&tag={RARE_TAG}"),
        _by_keyset(TAG_OF_NONE, _filtered(wanted, tag="no-such-tag"), "&tag=no-such-tag"),
        _by_keyset("keyset, year", _filtered(wanted, year=1995), "&year=1995"),
        _by_keyset("keyset, tag and year", _filtered(wanted, tag=common, year=1995), f"&tag={common}&year=1995"),
    ]


def _growing_calls(reader: Reader, wanted: ItemQuery) -> Sequence[Call]:
    scarce = GENRES[-1]
    deep_page = reader.depth // DEFAULT_PAGE_SIZE + 1
    return [
        _by_keyset("keyset, part of titles", _filtered(wanted, title=TITLE_PART), f"&title={TITLE_PART}"),
        _by_number("page 1", wanted),
        _by_number("page 90 % deep", wanted, page=deep_page),
        _by_number("page 1, tag of 1 in 100 items", _filtered(wanted, tag=scarce), f"&tag={scarce}"),
        _by_number("page 1, tag of 100 items", _filtered(wanted, tag=RARE_TAG), f"&tag={RARE_TAG}"),
        _by_number("page 1, year", _filtered(wanted, year=1995), "&year=1995"),
    ]


def _filtered(
    wanted: ItemQuery, tag: str | None = None, year: int | None = None, title: str | None = None
) -> ItemQuery:
    return replace(wanted, filter=ItemFilter(title=title, tag=tag, year=year))


def _by_keyset(name: str, wanted: ItemQuery, parameters: str = "", after: Position | None = None) -> Call:
    return Call(
        name,
        f"{ITEMS}?after={parameters}",
        # One more than a page, which tells whether the list continues.
        lambda connection: lists.list_items(connection, wanted, limit=DEFAULT_PAGE_SIZE + 1, after=after),
        is_flat=wanted.filter.title is None,
    )


def _by_number(name: str, wanted: ItemQuery, parameters: str = "", page: int = 1) -> Call:
    async def page_and_total(connection: Connection) -> object:
        offset = (page - 1) * DEFAULT_PAGE_SIZE
        items = await lists.list_items(connection, wanted, limit=DEFAULT_PAGE_SIZE, offset=offset)
        await lists.count_items(connection, wanted)
        return items

    return Call(name, f"{ITEMS}?page={page}{parameters}", page_and_total)


def _search(name: str, words: Sequence[str], wanted: ItemQuery) -> Call:
    query = search_query(words)
    return Call(
        name,
        f"{ITEMS}/search?q={'+'.join(words)}",
        lambda connection: lists.list_matches(connection, wanted, query, limit=DEFAULT_PAGE_SIZE, offset=0),
    )


async def check_answer(call: Call, http: KeepAlive, connection: Connection) -> None:
    """Check that the call answers what its queries find, so that equal work is compared. Raises ``ValueError``."""
    status, body = http.get(call.target)
    if not call.is_of_items or call.queries is None:
        return
    answer = json.loads(body)
    found = await call.queries(connection)
    items = [found] if isinstance(found, Item) else found
    expected = [str(item.id) for item in items][:DEFAULT_PAGE_SIZE] if isinstance(items, list) else []
    is_empty = not expected and call.name != TAG_OF_NONE
    if is_empty or [item["id"] for item in answer.get("items", [answer])] != expected:
        raise ValueError(f"{call.name}: {status}, not what the queries find")
