"""The metric names in a text: a query, an alert or a page."""

import re
from typing import Final

MENTIONED: Final = re.compile(r"\bdoorward_[a-z_]+\b")


def family_of(mentioned: str) -> str:
    """Return the name of a metric; queries refer to a histogram by the names of its parts."""
    return re.sub(r"_(bucket|count|sum)$", "", mentioned)


def mentioned_in(text: str) -> set[str]:
    """Return the metrics that a text mentions."""
    return {family_of(name) for name in MENTIONED.findall(text)}
