"""Markdown tables."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as a table, the first row as its header, followed by an empty line."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:], ""])
