"""Map the columns of a CSV file to fields of items, by their names or by the caller's map. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from doorward.core.exceptions import DomainError, InputError
from doorward.core.frozen import frozen
from doorward.domain.items.exceptions import (
    InvalidColumnMapError,
    InvalidCsvEncodingError,
    InvalidCsvHeaderError,
    MissingCsvColumnError,
    NotCsvError,
    RepeatedCsvColumnError,
)
from doorward.domain.items.reading.rows import Row

ColumnMap = Mapping[str, str]
"""Maps the names of the file's columns, in lower case, to fields of items."""

FIELDS: Final = ("title", "description", "tags", "year", "visibility", "external_id")

_MOVIELENS: Final[ColumnMap] = {"genres": "tags", "movieid": "external_id"}
"""The names of MovieLens' columns."""

_END_OF_ENTRY: Final = re.compile(rf":({'|'.join(FIELDS)})(?:,|$)")
_BINARY: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@frozen
class Columns:
    """The columns of a file."""

    places: Mapping[str, int]
    """The position of each field that the file has."""
    number: int
    unused: Sequence[str]
    """The names of columns that are not mapped, as the file has them."""
    has_years_in_titles: bool
    """Whether titles contain years, as in MovieLens: "Casablanca (1942)"."""
    source: str
    """Prefix of each foreign id, so that the ids of different sources do not collide."""


def read_column_map(text: str) -> ColumnMap:
    """Parse a caller's map: ``Name:title,Published:year``; empty text maps nothing.

    Names may contain commas and colons. Raises ``InvalidColumnMapError``.
    """
    *parts, rest = _END_OF_ENTRY.split(text)
    names, fields = [_canonical_name(name) for name in parts[::2]], parts[1::2]
    is_repeated = len(set(names)) < len(names) or len(set(fields)) < len(fields)
    if rest or text.endswith(",") or is_repeated or "" in names:
        raise InvalidColumnMapError
    return dict(zip(names, fields, strict=True))


def is_header(names: Sequence[str], mapped: ColumnMap) -> bool:
    """Return whether a row with these names can be the header of a file."""
    return "title" in {_field_of(_canonical_name(name), mapped) for name in names}


def columns_of(header: Row, mapped: ColumnMap) -> Columns:
    """Return the columns of a file with this header.

    Raises ``NotCsvError``, ``InvalidCsvEncodingError``, ``MissingCsvColumnError``, ``InvalidCsvHeaderError`` and
    ``RepeatedCsvColumnError``.
    """
    names = [_canonical_name(name) for name in header.fields]
    _check_text(header)
    places = _places_of(names, mapped)
    if "title" not in places:
        raise InvalidCsvHeaderError
    used = set(places.values())
    return Columns(
        places=places,
        number=len(names),
        unused=[name for place, name in enumerate(header.fields) if place not in used],
        has_years_in_titles=not _MOVIELENS.keys().isdisjoint(names),
        source=_source_of(names[places["external_id"]]) if "external_id" in places else "",
    )


def _places_of(names: Sequence[str], mapped: ColumnMap) -> Mapping[str, int]:
    """Return the position of each field: by the caller's map, else by the field's name, else by MovieLens' name."""
    missing = [field for name, field in mapped.items() if name not in names]
    if missing:
        raise MissingCsvColumnError([_input_error(MissingCsvColumnError, f"columns/{field}") for field in missing])
    free = [field for field in FIELDS if field not in mapped.values()]
    chosen = {field: name for name, field in mapped.items()} | {
        field: field for field in free if field in names and field not in mapped
    }
    for name, field in _MOVIELENS.items():
        if name in names and field not in chosen and name not in mapped:
            chosen[field] = name
    for name in chosen.values():
        if names.count(name) > 1:
            place = len(names) - names[::-1].index(name)
            raise RepeatedCsvColumnError([_input_error(RepeatedCsvColumnError, f"column/{place}")])
    return {field: names.index(name) for field, name in chosen.items()}


def _check_text(header: Row) -> None:
    if any(_BINARY.search(name) for name in header.fields):
        raise NotCsvError
    if not header.is_text:
        raise InvalidCsvEncodingError([_input_error(InvalidCsvEncodingError, f"line/{header.number}")])


def _field_of(name: str, mapped: ColumnMap) -> str | None:
    return mapped.get(name) or (name if name in FIELDS and name not in mapped.values() else None)


def _canonical_name(name: str) -> str:
    return name.strip().lower()


def _source_of(name: str) -> str:
    return "" if name == "external_id" else f"{name}:"


def _input_error(error: type[DomainError], place: str) -> InputError:
    return InputError(place, error.code, error.detail)
