"""Conditional requests (RFC 9110 section 13). The entity tag of a row is its version."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request

from doorward.core.versions import VersionTest

NOT_MODIFIED: Final[Mapping[int | str, dict[str, Any]]] = {304: {"description": "Not Modified"}}
"""The addition to the OpenAPI document for calls that evaluate ``If-None-Match``."""

_ANY: Final = "*"


def entity_tag(version: int) -> str:
    """Return a strong entity tag."""
    return f'"{version}"'


def read_precondition(request: Request) -> VersionTest:
    """Return a test for whether If-Match, if present, allows a read to return a version."""
    tags = _tags(request, "if-match")
    # Weak tags never match (section 13.1.1), nor do tags that this service did not issue.
    return lambda version: tags is None or tags == [_ANY] or entity_tag(version) in tags


def change_precondition(request: Request) -> VersionTest:
    """Return a test for whether If-Match and If-None-Match both allow a change to a version.

    If either does not, the status is 412 (section 13.2.2, steps 1 and 3).
    """
    return lambda version: read_precondition(request)(version) and not is_unchanged(request, version)


def is_unchanged(request: Request, version: int) -> bool:
    """Return whether If-None-Match contains the entity tag of this version: a read then answers 304."""
    return if_none_match_contains(request, entity_tag(version))


def if_none_match_contains(request: Request, tag: str) -> bool:
    """Return whether If-None-Match contains this entity tag (section 13.1.2: weak comparison)."""
    tags = _tags(request, "if-none-match")
    return tags is not None and (tags == [_ANY] or tag in {each.removeprefix("W/") for each in tags})


def _tags(request: Request, header: str) -> list[str] | None:
    """Return the tags of all lines of the field, split at commas: tags of this service contain none."""
    lines = request.headers.getlist(header)
    return [tag.strip() for line in lines for tag in line.split(",")] if lines else None
