"""Conditional requests (RFC 9110 section 13): an item's version is its entity tag."""

import re
from collections.abc import Collection
from typing import Final

from fastapi import Request

_ENTITY_TAG: Final = re.compile(r'(W/)?"([1-9]\d{0,8})"')
_ANY: Final = "*"


def entity_tag(version: int) -> str:
    """Return a strong entity tag."""
    return f'"{version}"'


def expected_versions(request: Request) -> Collection[int] | None:
    """Return the versions that If-Match allows; None when it is absent or ``*``.

    Weak tags never match (section 13.1.1), and neither do tags that this service did not write.
    """
    tags = _tags(request, "if-match")
    if tags is None or tags == [_ANY]:
        return None
    matches = [_ENTITY_TAG.fullmatch(tag) for tag in tags]
    return {int(match[2]) for match in matches if match and not match[1]}


def is_unchanged(request: Request, version: int) -> bool:
    """Tell whether If-None-Match names this version, so that the answer is 304 (section 13.1.2: weak comparison)."""
    tags = _tags(request, "if-none-match")
    if tags is None:
        return False
    return tags == [_ANY] or entity_tag(version) in {tag.removeprefix("W/") for tag in tags}


def _tags(request: Request, header: str) -> list[str] | None:
    """Return the tags of all lines of the header. Those of this service hold no commas."""
    lines = request.headers.getlist(header)
    return [tag.strip() for line in lines for tag in line.split(",")] if lines else None
