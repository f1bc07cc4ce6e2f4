"""The rules of items as pure decisions: valid content, and who may change an item."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.text import CODE_POINTS_OF_A_CHARACTER, UnsafeTextError, normalize
from doorward.core.versions import VersionTest
from doorward.domain.items.exceptions import (
    InvalidDescriptionError,
    InvalidExternalIdError,
    InvalidFilterError,
    InvalidTagsError,
    InvalidTitleError,
    InvalidYearError,
    ItemNotFoundError,
    ItemVersionsExhaustedError,
    NotItemOwnerError,
    StaleItemError,
)
from doorward.domain.items.models import Item, ItemContent, ItemFilter

MAXIMUM_TITLE_LENGTH: Final = 300
MAXIMUM_DESCRIPTION_LENGTH: Final = 10_000
MAXIMUM_TAGS: Final = 20
MAXIMUM_TAG_LENGTH: Final = 50
MAXIMUM_EXTERNAL_ID_LENGTH: Final = 200
LAST_YEAR: Final = 9999
LAST_VERSION: Final = 2**31 - 1
"""The maximum of the database column."""

TAG_SEPARATORS: Final = re.compile(r"[,|]")
"""Forbidden in tags, because they separate tags in a field of a CSV file."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNPRINTABLE_IN_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def checked_content(content: ItemContent) -> ItemContent:
    """Return the content in its stored form: NFC, trimmed, each tag once.

    Raises ``InvalidTitleError``, ``InvalidDescriptionError``, ``InvalidTagsError`` or ``InvalidYearError``.
    """
    if content.year is not None and not 1 <= content.year <= LAST_YEAR:
        raise InvalidYearError
    return ItemContent(
        title=_checked_title(content.title),
        description=_checked_description(content.description),
        tags=_checked_tags(content.tags),
        year=content.year,
        visibility=content.visibility,
    )


def checked_external_id(text: str) -> str:
    """Return a foreign id in its stored form: NFC, trimmed. Raises ``InvalidExternalIdError``."""
    checked = _composed(text.strip(), MAXIMUM_EXTERNAL_ID_LENGTH, InvalidExternalIdError)
    if not 1 <= len(checked) <= MAXIMUM_EXTERNAL_ID_LENGTH or _UNPRINTABLE.search(checked):
        raise InvalidExternalIdError
    return checked


def new_item(item_id: UUID, content: ItemContent, owner_id: UUID, now: datetime) -> Item:
    """Return an item's first version."""
    return Item(
        id=item_id,
        owner_id=owner_id,
        title=content.title,
        description=content.description,
        tags=content.tags,
        year=content.year,
        visibility=content.visibility,
        version=1,
        created_at=now,
        updated_at=now,
    )


def changed_item(item: Item, content: ItemContent, now: datetime) -> Item:
    """Return the item's next version. Raises ``ItemVersionsExhaustedError``."""
    if item.version >= LAST_VERSION:
        raise ItemVersionsExhaustedError
    return replace(new_item(item.id, content, item.owner_id, now), version=item.version + 1, created_at=item.created_at)


def checked_filter(item_filter: ItemFilter) -> ItemFilter:
    """Return the filter in the stored form of items. Empty text disables a filter.

    Raises ``InvalidFilterError``.
    """
    for text in (item_filter.title, item_filter.tag):
        if text is not None and _UNPRINTABLE.search(text):
            raise InvalidFilterError
    return replace(
        item_filter,
        title=_composed(item_filter.title, MAXIMUM_TITLE_LENGTH, InvalidFilterError) if item_filter.title else None,
        tag=_composed(item_filter.tag, MAXIMUM_TAG_LENGTH, InvalidFilterError).strip() if item_filter.tag else None,
    )


def check_read(item: Item | None, is_expected: VersionTest) -> Item:
    """Return the item if the caller expects its version. Raises ``ItemNotFoundError`` or ``StaleItemError``."""
    if item is None:
        raise ItemNotFoundError
    if not is_expected(item.version):
        raise StaleItemError
    return item


def refusal_of_change(readable: Item | None) -> DomainError:
    """Return the refusal for a change by a user who does not own the item; ``readable`` is None if it is private."""
    return ItemNotFoundError() if readable is None else NotItemOwnerError()


def _checked_title(title: str) -> str:
    text = _composed(title.strip(), MAXIMUM_TITLE_LENGTH, InvalidTitleError)
    if not 1 <= len(text) <= MAXIMUM_TITLE_LENGTH or _UNPRINTABLE.search(text):
        raise InvalidTitleError
    return text


def _checked_description(description: str) -> str:
    one_form_of_breaks = description.replace("\r\n", "\n").strip()
    text = _composed(one_form_of_breaks, MAXIMUM_DESCRIPTION_LENGTH, InvalidDescriptionError)
    if len(text) > MAXIMUM_DESCRIPTION_LENGTH or _UNPRINTABLE_IN_LINES.search(text):
        raise InvalidDescriptionError
    return text


def _checked_tags(tags: Sequence[str]) -> Sequence[str]:
    if len(tags) > MAXIMUM_TAGS:
        raise InvalidTagsError
    texts = [_composed(tag.strip(), MAXIMUM_TAG_LENGTH, InvalidTagsError) for tag in tags]
    for text in texts:
        if not 1 <= len(text) <= MAXIMUM_TAG_LENGTH or _UNPRINTABLE.search(text) or TAG_SEPARATORS.search(text):
            raise InvalidTagsError
    return list(dict.fromkeys(texts))


def _composed(text: str, longest: int, refusal: type[DomainError]) -> str:
    """Return the text in NFC, which may still exceed ``longest`` characters.

    Raises ``refusal`` for text that exceeds the limit even if fully composed, and for text that is slow to compose.
    """
    try:
        return normalize(text, "NFC", longest=longest * CODE_POINTS_OF_A_CHARACTER)
    except UnsafeTextError as error:
        raise refusal from error
