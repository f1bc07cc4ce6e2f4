"""Formatting and parsing of dates, times and ids for the pages of signed-in users. Pure."""

from datetime import datetime
from uuid import UUID

from doorward.core.exceptions import DomainError


def shown_day(moment: datetime) -> str:
    """Return a date in a format that is the same in all languages."""
    return f"{moment:%Y-%m-%d}"


def shown_moment(moment: datetime) -> str:
    """Return a time in a format that is the same in all languages."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_utc(text: str) -> str:
    """Return a browser's local date and time, which has no offset, as a time in UTC (RFC 3339)."""
    return f"{text}Z"


def read_id(text: str, refusal: type[DomainError]) -> UUID:
    """Parse the id of a row. Raises ``refusal`` if the text is not a UUID."""
    try:
        return UUID(text)
    except ValueError as error:
        raise refusal from error
