"""Parse settings that are lists of other services: inline JSON, or the path of a JSON or TOML file."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

MAXIMUM_FILE_BYTES: Final = 256 * 1024

EntryT = TypeVar("EntryT", bound=BaseModel)


def read_entries(value: object, model: type[EntryT], member: str) -> object:
    """Return the entries of inline JSON or of a file: a list, or an object that has the list as ``member``.

    A value that is not a string is returned unchanged. Raises ``ValueError``, which names the invalid entry and field
    but contains no value, because entries hold secrets.
    """
    if not isinstance(value, str):
        return value
    content = _parsed(value)
    entries = content.get(member) if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise ValueError(f'must be a list of {member}, or an object or TOML file with the list "{member}"')  # noqa: TRY004 - pydantic's
    return tuple(_entry(number, entry, model) for number, entry in enumerate(entries, start=1))


def file_of_entries(text: str) -> Path | None:
    """Return the path of the file that a value names; None if the value is inline JSON."""
    return None if text.lstrip().startswith(("[", "{")) else Path(text)


def check_unique(names: Sequence[str]) -> None:
    """Raise ``ValueError`` if a name occurs twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"must have {name} once")


def is_service_address(text: str) -> bool:
    """Return whether a text is a URL with a host and without user, query and fragment."""
    try:
        parts = urlsplit(text)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_usable and text.isascii() and text.isprintable() and not any(each in text for each in "@?#\\ ")


def has_allowed_scheme(text: str, *, allows_http: bool) -> bool:
    """Return whether a URL begins with ``https://``, or with ``http://`` if that is allowed."""
    return urlsplit(text).scheme in ({"https", "http"} if allows_http else {"https"})


def _parsed(text: str) -> Any:  # noqa: ANN401 - any type, validated by the caller
    path = file_of_entries(text)
    if path is None:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError("is neither JSON nor the path of a file") from error
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_FILE_BYTES + 1)
        if len(content) > MAXIMUM_FILE_BYTES:
            raise ValueError(f"the file has more than {MAXIMUM_FILE_BYTES // 1024} KiB")
        return tomllib.loads(content.decode()) if path.suffix == ".toml" else json.loads(content)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("the file is not valid TOML (.toml) or JSON") from error


def _entry(number: int, entry: object, model: type[EntryT]) -> EntryT:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in details["loc"])
        what = details["msg"].removeprefix("Value error, ")
        raise ValueError(f"has an unusable entry {number}: {f'{place}: ' if place else ''}{what}") from error
