"""Take members of foreign JSON objects and cells of CSV by their type. Pure.

What has another type than the format says makes the line malformed: guessing would store what the other system does not
mean.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

TRUE: Final = frozenset({"true", "t", "1", "yes"})
FALSE: Final = frozenset({"false", "f", "0", "no", ""})
_MILLISECONDS: Final = 1000
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999."""

_LONGEST: Final = 15
"""Digits of its milliseconds."""


class OtherTypeError(Exception):
    """A member has another type than the format says."""


def text(members: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these members that is there and not empty; None without one. Raises ``OtherTypeError``."""
    for name in names:
        value = members.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise OtherTypeError
        return value
    return None


def identifier(members: Mapping[str, Any], name: str) -> str | None:
    """Return a member that is a text or a whole number, as text. Raises ``OtherTypeError``."""
    value = members.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(members, name)


def truth(members: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Return a member that is true or false, as JSON has it. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise OtherTypeError
    return value


def written_truth(members: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return a cell that is true or false, as spreadsheets and databases write it. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return default
    folded = value.strip().lower()
    if folded not in TRUE | FALSE:
        raise OtherTypeError
    return folded in TRUE


def group(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that is an object; an empty one if it is not there. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise OtherTypeError
    return value


def milliseconds(members: Mapping[str, Any], name: str) -> str | None:
    """Return a member that counts milliseconds since 1970, a number or a text of digits, in ISO 8601.

    Raises ``OtherTypeError``.
    """
    value = identifier(members, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > _LONGEST or int(value) > _LATEST * _MILLISECONDS:
        raise OtherTypeError
    return datetime.fromtimestamp(int(value) / _MILLISECONDS, UTC).isoformat()
