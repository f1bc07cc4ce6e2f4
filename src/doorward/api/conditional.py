"""Conditional requests (RFC 9110 section 13): an item's version is its entity tag."""

from typing import Final

from fastapi import Request

from doorward.core.versions import VersionTest

_ANY: Final = "*"


def entity_tag(version: int) -> str:
    """Return a strong entity tag."""
    return f'"{version}"'


def is_expected(request: Request) -> VersionTest:
    """Return a test for whether If-Match, if present, allows a read to return a version."""
    tags = _tags(request, "if-match")
    # Weak tags never match (section 13.1.1), nor do tags that this service did not issue.
    return lambda version: tags is None or tags == [_ANY] or entity_tag(version) in tags


def is_changeable(request: Request) -> VersionTest:
    """Return a test for whether If-Match and If-None-Match both allow a change to a version.

    If either does not, the status is 412 (section 13.2.2, steps 1 and 3).
    """
    return lambda version: is_expected(request)(version) and not is_unchanged(request, version)


def is_unchanged(request: Request, version: int) -> bool:
    """Return whether If-None-Match contains this version: a read then answers 304 (section 13.1.2, weak comparison)."""
    tags = _tags(request, "if-none-match")
    if tags is None:
        return False
    return tags == [_ANY] or entity_tag(version) in {tag.removeprefix("W/") for tag in tags}


def _tags(request: Request, header: str) -> list[str] | None:
    """Return the tags of all lines of the field, split at commas: tags of this service contain none."""
    lines = request.headers.getlist(header)
    return [tag.strip() for line in lines for tag in line.split(",")] if lines else None
