"""PostgreSQL's plan for each query: EXPLAIN of the statements that the repository sends."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import TupleRow

from benchmarks.items.calls import Call

Parameters = Mapping[str, Any] | None
Statement = tuple[sql.Composed | sql.SQL, Parameters]
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The plan of one statement.

    ``rows_read`` counts rows fetched from the table, including those that a filter drops.
    """

    call: str
    indexes: Sequence[str]
    rows_read: int
    buffers: int
    milliseconds: float


class _RecordingCursor(AsyncCursor[TupleRow]):
    """Records each statement that it executes."""

    recorded: list[Statement]

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:  # noqa: ANN401 - as psycopg's
        self.recorded.append((sql.SQL(query) if isinstance(query, str) else query, params))
        return await super().execute(query, params, **options)


async def explain(connection: AsyncConnection[Any], calls: Sequence[Call]) -> Sequence[Plan]:
    """Run each call's statements once under EXPLAIN, after a first run that warms the caches."""
    recorded: list[Statement] = []
    plans = []
    connection.cursor_factory = type("RecordingCursor", (_RecordingCursor,), {"recorded": recorded})
    try:
        for call in calls:
            if call.queries is not None:
                recorded.clear()
                await call.queries(connection)
                plans += [await _plan(connection, call.name, *statement) for statement in list(recorded)]
    finally:
        connection.cursor_factory = AsyncCursor
    return plans


async def _plan(connection: AsyncConnection[Any], name: str, query: sql.Composable, parameters: Parameters) -> Plan:
    statement = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}").format(query)
    async with AsyncCursor(connection) as cursor:
        await cursor.execute(statement, parameters, prepare=False)
        row = await cursor.fetchone()
    if row is None:
        raise LookupError("EXPLAIN said nothing")
    explained = row[0][0]
    return _condensed(name, explained["Plan"], explained["Execution Time"])


def _condensed(name: str, root: Node, milliseconds: float) -> Plan:
    nodes = list(_executed(root))
    indexes = [_name_of(node) for node in nodes if "Index Name" in node or node["Node Type"] == "Seq Scan"]
    return Plan(
        call=name,
        indexes=list(dict.fromkeys(indexes)),
        rows_read=round(sum(_rows_of(node) for node in nodes if node["Node Type"] in _READING)),
        buffers=root["Shared Hit Blocks"] + root["Shared Read Blocks"],
        milliseconds=milliseconds,
    )


_READING = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


def _executed(node: Node) -> Iterator[Node]:
    if node["Actual Loops"]:
        yield node
        for child in node.get("Plans", ()):
            yield from _executed(child)


def _name_of(node: Node) -> str:
    if "Index Name" not in node:
        return "(whole table)"
    entries = f" {round(node['Actual Rows'] * node['Actual Loops']):,}" if "Bitmap" in node["Node Type"] else ""
    return re.sub("^items_", "", node["Index Name"]) + entries


def _rows_of(node: Node) -> float:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    rows: float = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return rows
