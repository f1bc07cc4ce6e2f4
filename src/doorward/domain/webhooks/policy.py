"""The rules for an endpoint's URL, description and types. No side effects."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from doorward.domain.webhooks.exceptions import (
    InvalidWebhookDescriptionError,
    InvalidWebhookUrlError,
    UnknownEventTypeError,
)
from doorward.domain.webhooks.models import EndpointContent

MAXIMUM_URL_LENGTH: Final = 2000
MAXIMUM_DESCRIPTION_LENGTH: Final = 200
MAXIMUM_ENDPOINTS: Final = 50
"""Limited, because each event stores a row for each endpoint that receives its type."""

SECRET_OVERLAP: Final = timedelta(hours=24)
MAXIMUM_REPLAY: Final = 100_000


def checked_content(content: EndpointContent, known_types: Collection[str]) -> EndpointContent:
    """Return the content with its types sorted and without duplicates.

    Raises ``InvalidWebhookUrlError``, ``InvalidWebhookDescriptionError``, ``UnknownEventTypeError``.
    """
    if not _is_url(content.url):
        raise InvalidWebhookUrlError
    if len(content.description) > MAXIMUM_DESCRIPTION_LENGTH or not content.description.isprintable():
        raise InvalidWebhookDescriptionError
    if content.types is None:
        return content
    types = tuple(sorted(set(content.types)))
    if not types or not set(types) <= set(known_types):
        raise UnknownEventTypeError
    return replace(content, types=types)


def _is_url(url: str) -> bool:
    """Return whether the URL has http or https, a host, no credentials, no fragment, and only printable ASCII."""
    if len(url) > MAXIMUM_URL_LENGTH or not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_complete = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    return is_complete and port != 0 and "#" not in url and not parts.netloc.endswith(":")
