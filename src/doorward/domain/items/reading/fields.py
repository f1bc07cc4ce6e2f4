"""Parse the fields of a row, in the spellings of people, spreadsheets and programs. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from doorward.domain.items.exceptions import (
    InvalidCsvEncodingError,
    InvalidCsvLineError,
    InvalidExternalIdError,
    InvalidVisibilityError,
    InvalidYearError,
)
from doorward.domain.items.models import ImportedItem, ItemContent, Visibility
from doorward.domain.items.policy import TAG_SEPARATORS, checked_content, checked_external_id
from doorward.domain.items.reading.columns import Columns
from doorward.domain.items.reading.rows import Row

_EMPTY_CELLS: Final = frozenset({"", "NaN", "nan", "\\N"})
"""Spellings of an empty cell in pandas and databases, which are never text."""

_NO_GENRES: Final = _EMPTY_CELLS | {"(no genres listed)"}
_EMPTY_NUMBERS: Final = _EMPTY_CELLS | {"NA", "N/A", "None", "none", "NULL", "null"}
"""Further spellings of an empty cell in a column of numbers."""

_YEAR: Final = re.compile(r"(\d{1,4})(?:[.,]0*)?|(\d{4})(?:-\d\d-\d\d(?:[ T].*)?|\s*[-\u2013]\s*(?:\d{4})?)")
"""A year, also as a float, which pandas writes for a column with gaps; or a date, or a span of years."""

_TITLE_WITH_YEAR: Final = re.compile(
    r"(?P<title>.*\S)\s*\((?P<year>[12]\d{3})(?:\s*[-\u2013]\s*(?:\d{4})?\s*)?\)(?P<other>\s*\([^()]*\))?"
)
"""MovieLens' titles: "Cosmos (1980)", "The Office (2005-2013)", "The Wire (2002- )", "Ikiru (1952) (To Live)"."""

_LONGEST_TITLE: Final = 1200
"""Maximum code points of a title that may contain a year. Longer ones are refused in any case."""

_WHOLE_NUMBER: Final = re.compile(r"(\d+)\.0*")


def item_of(row: Row, columns: Columns, default: Visibility) -> ImportedItem:
    """Return the item that a row describes. Raises the ``Invalid...Error`` classes."""
    if not row.is_text:
        raise InvalidCsvEncodingError
    if len(row.fields) != columns.number:
        raise InvalidCsvLineError
    fields = {field: row.fields[place] for field, place in columns.places.items()}
    title, year = fields["title"], _year(fields.get("year", ""))
    if columns.has_years_in_titles:
        title, year = _without_year(title, year)
    content = ItemContent(
        title=title,
        description=_text(fields.get("description", "")),
        tags=_tags(fields.get("tags", "")),
        year=year,
        visibility=_visibility(fields.get("visibility", ""), default),
    )
    return ImportedItem(checked_content(content), _external_id(fields, columns))


def _text(text: str) -> str:
    return "" if text.strip() in _EMPTY_CELLS else text


def _tags(text: str) -> Sequence[str]:
    return [] if text.strip() in _NO_GENRES else [part for part in TAG_SEPARATORS.split(text) if part.strip()]


def _year(text: str) -> int | None:
    text = text.strip()
    if text in _EMPTY_NUMBERS:
        return None
    found = _YEAR.fullmatch(text)
    if found is None:
        raise InvalidYearError
    return int(found[1] or found[2])


def _without_year(title: str, year: int | None) -> tuple[str, int | None]:
    """Return the title without a year at its end, and the year.

    A year that differs from the given one stays in the title.
    """
    found = _TITLE_WITH_YEAR.fullmatch(title.strip()) if len(title) <= _LONGEST_TITLE else None
    if found is None or year not in {None, int(found["year"])}:
        return title, year
    return found["title"] + (found["other"] or ""), int(found["year"])


def _visibility(text: str, default: Visibility) -> Visibility:
    text = text.strip().lower()
    if text not in {"", "private", "shared"}:
        raise InvalidVisibilityError
    return cast("Visibility", text) if text else default


def _external_id(fields: Mapping[str, str], columns: Columns) -> str | None:
    if "external_id" not in fields:
        return None
    text = fields["external_id"].strip()
    whole = _WHOLE_NUMBER.fullmatch(text)
    text = whole[1] if whole else text
    if text in _EMPTY_NUMBERS:
        raise InvalidExternalIdError
    return checked_external_id(columns.source + text)
