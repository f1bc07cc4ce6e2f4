"""Days, moments and ids, as the pages of signed-in people show and read them. Pure."""

from datetime import datetime
from uuid import UUID

from doorward.core.exceptions import DomainError


def shown_day(moment: datetime) -> str:
    """Return a day as people of all languages read it."""
    return f"{moment:%Y-%m-%d}"


def shown_moment(moment: datetime) -> str:
    """Return a moment as people of all languages read it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_utc(text: str) -> str:
    """Return what a browser sends of a moment, which names no offset, as a moment in UTC (RFC 3339)."""
    return f"{text}Z"


def read_id(text: str, refusal: type[DomainError]) -> UUID:
    """Return the id of a row from its text. Raises ``refusal`` for a text that is no id."""
    try:
        return UUID(text)
    except ValueError as error:
        raise refusal from error
