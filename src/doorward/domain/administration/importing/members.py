"""Read members of JSON objects and cells of CSV rows by their type. Pure.

A value of another type than the format defines makes the line malformed: a guess could store what the other system does
not mean.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

TRUE: Final = frozenset({"true", "t", "1", "yes"})
FALSE: Final = frozenset({"false", "f", "0", "no", ""})
_MILLISECONDS: Final = 1000
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999, in Unix time."""

_MAXIMUM_DIGITS: Final = 15
"""Maximum digits of a time in milliseconds."""


class OtherTypeError(Exception):
    """A member has another type than the format defines."""


def text(members: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these members that is present and not empty; None without one. Raises ``OtherTypeError``."""
    for name in names:
        value = members.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise OtherTypeError
        return value
    return None


def identifier(members: Mapping[str, Any], name: str) -> str | None:
    """Return a member that is a string or an integer, as text. Raises ``OtherTypeError``."""
    value = members.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(members, name)


def boolean(members: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Return a JSON boolean. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise OtherTypeError
    return value


def boolean_cell(members: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return a boolean cell, in the spellings of spreadsheets and databases. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return default
    folded = value.strip().lower()
    if folded not in TRUE | FALSE:
        raise OtherTypeError
    return folded in TRUE


def json_object(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that is an object; an empty one if it is absent. Raises ``OtherTypeError``."""
    value = members.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise OtherTypeError
    return value


def milliseconds(members: Mapping[str, Any], name: str) -> str | None:
    """Return a Unix time in milliseconds, a number or a string of digits, in ISO 8601.

    Raises ``OtherTypeError``.
    """
    value = identifier(members, name)
    if value is None:
        return None
    if (
        not (value.isascii() and value.isdecimal())
        or len(value) > _MAXIMUM_DIGITS
        or int(value) > _LATEST * _MILLISECONDS
    ):
        raise OtherTypeError
    return datetime.fromtimestamp(int(value) / _MILLISECONDS, UTC).isoformat()
